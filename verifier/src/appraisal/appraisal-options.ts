// SPDX-License-Identifier: Apache-2.0
import type { AttestationDocument, Collateral } from '@proofgate/evidence';
import type { SessionChallenge } from '../check-binding.ts';
import type { Tee } from '../claims.ts';
import type { CollateralCache } from '../collateral/collateral-cache.ts';
import type { CollateralSource } from '../collateral/collateral-request.ts';
import type { PreparedCollateral } from '../dcap/prepared-collateral.ts';
import type { Policy } from '../policy/policy.ts';
import type { TrustedRoots } from '../roots/trust-anchor.ts';
import type { SnpEndorsements } from '../snp/verify-endorsements.ts';
import type { Signal } from '../web-platform.ts';
import type { LeafUsage } from '../x509/verify-chain.ts';

/** What is to be judged. */
export type EvidenceInput =
  /** DER certificates as the peer presented them, leaf first. The caller knows that the peer holds the leaf's key. */
  | { readonly kind: 'certificate'; readonly chain: readonly Uint8Array[] }
  /** A bare quote: nothing says which key or connection it belongs to. */
  | { readonly kind: 'quote'; readonly bytes: Uint8Array }
  /** A bare SEV-SNP report; likewise. */
  | { readonly kind: 'snp-report'; readonly bytes: Uint8Array }
  /**
   * An attestation document alone, as in a browser, which cannot see the certificate of its connection. The binding
   * is `none`: the document's own certificate may be anybody's.
   */
  | { readonly kind: 'document'; readonly document: AttestationDocument };

/** Where collateral comes from. */
export type CollateralInput = Collateral | PreparedCollateral | CollateralSource | CollateralCache;

/** How evidence is judged, whatever it came in. */
export interface JudgingOptions {
  /** What is acceptable. `none` says in so many words that the verdict is to cover the evidence alone. */
  readonly policy: Policy | 'none';
  /** A second policy whose decision is reported beside the first and never enforced. */
  readonly shadowPolicy?: Policy;
  /** For TDX and SGX. Default: what an attestation document staples. */
  readonly collateral?: CollateralInput;
  /** For SEV-SNP. */
  readonly endorsements?: SnpEndorsements;
  /** Trust anchors for evidence. Default: those that the policy names, or else the vendors'. */
  readonly roots?: TrustedRoots;
  /** The time of verification. */
  readonly at: Date;
  readonly signal?: Signal;
}

/** Evidence that a peer made for one TLS session (RA-TLS v2, mode `challenge`), or for many (mode `batch`). */
export interface SessionEvidence extends SessionChallenge {
  /** What the peer says it is; the evidence has to agree. */
  readonly tee: Tee;
  /** Quote or report. */
  readonly bytes: Uint8Array;
}

/** Evidence that a peer keeps for its certificate's key beside the certificate (RA-TLS v2, mode `deterministic`). */
export interface KeyEvidence {
  /** What the peer says it is; the evidence has to agree. */
  readonly tee: Tee;
  /** Quote or report. */
  readonly bytes: Uint8Array;
  /** GPU evidence that the peer sent beside its quote, as it came. */
  readonly gpuEvidence?: Uint8Array | undefined;
  /** When it was made, as the peer says and the evidence covers. */
  readonly quoteTime: Date;
}

/** What only certificates have. */
export interface CertificateOptions {
  /** DER roots of the private PKI. Without them the chain is not verified, and the verdict says so. */
  readonly caRoots?: readonly Uint8Array[];
  /** The host that the certificate must be for. */
  readonly hostname?: string;
  /** What a chain that is verified has to be good for. Default `server`. */
  readonly usage?: LeafUsage;
  /** The host's attestation document: event log, manifests, stapled collateral. */
  readonly document?: AttestationDocument;
  /** Evidence for the TLS session that the certificate was presented in. It takes the place of the certificate's own. */
  readonly session?: SessionEvidence;
  /** Evidence for the key of a certificate that carries none itself; not looked at when there is some of the session. */
  readonly keyEvidence?: KeyEvidence;
}

/** Everything for one appraisal. */
export interface AppraisalOptions extends JudgingOptions, CertificateOptions {
  readonly evidence: EvidenceInput;
}
