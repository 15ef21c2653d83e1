// SPDX-License-Identifier: Apache-2.0
import type { Certificate, ExtensionValue, LoadedWorkload } from '@proofgate/evidence';
import type { BindingKind, EvidenceClaims } from '../claims.ts';
import type { Check, Decision } from '../policy/decision.ts';

/** Evidence that holds, with everything that is known because of it. */
export interface Findings {
  readonly evidence: EvidenceClaims;
  /** The leaf, when the evidence came in a certificate. */
  readonly certificate: Certificate | undefined;
  /** Whether the certificate's chain was verified up to a root of the private PKI. */
  readonly chainVerified: boolean;
  /** Attestation extensions of the leaf: claims of whoever issued it. */
  readonly extensions: readonly ExtensionValue[];
  /** What an event log proves to run; undefined without a log. */
  readonly workloads: readonly LoadedWorkload[] | undefined;
  readonly binding: BindingKind;
  /** When the evidence was made, as far as it is bound to a time. */
  readonly quoteTime: Date | undefined;
  readonly at: Date;
}

/** An accepting verdict. There is no refusing one: refusals are thrown. */
export interface Verdict extends Findings {
  /** The policy's name, or `none` when the verdict covers the evidence alone. */
  readonly policy: string;
  readonly decision: Decision | undefined;
  /** What the shadow policy would have decided. */
  readonly shadow: Decision | undefined;
  readonly checks: readonly Check[];
}
