// SPDX-License-Identifier: Apache-2.0
import { parseCertificate, readAttestationExtensions } from '@proofgate/evidence';
import {
  outcomeOf,
  verifyCertificate,
  type SessionEvidence,
  type Tee,
  type VerifyCertificateOptions,
} from '@proofgate/verifier';
import { ProxyError } from '../errors.ts';
import type { PeerCollateral } from './peer-collateral.ts';
import { peerProof, type PeerProof } from './peer-proof.ts';
import type { RouteClients } from './route-clients.ts';

/** What is judged, and by what. */
export interface PeerAppraisal {
  readonly rules: RouteClients;
  /** That the client has shown in the handshake. */
  readonly chain: readonly Uint8Array[];
  /** Evidence for the TLS session; without it, that of the certificate counts. */
  readonly session?: SessionEvidence;
  readonly collateral: PeerCollateral;
  readonly at: Date;
  readonly signal: AbortSignal;
}

/**
 * Judges a client's evidence by the policy of the host.
 *
 * @throws VerifierError, EvidenceError; see {@link peerRefusal}
 */
export async function verifyPeer(appraisal: PeerAppraisal): Promise<PeerProof> {
  const { rules, chain, session, collateral, at, signal } = appraisal;
  const { caRoots, maxAgeMs } = rules.settings;
  const options: VerifyCertificateOptions = {
    chain,
    policy: rules.policy,
    at,
    signal,
    ...collateral,
    ...(session === undefined ? {} : { session }),
    ...(caRoots === undefined ? {} : { caRoots, usage: 'client' }),
  };
  return peerProof(await verifyCertificate(options), maxAgeMs, rules.policy.freshness.maxAgeMs);
}

/**
 * Which evidence a client's certificate carries.
 *
 * @throws EvidenceError for a certificate that cannot be read
 */
export function evidenceInCertificate([leaf]: readonly Uint8Array[]): Tee | undefined {
  if (leaf === undefined) return undefined;
  const { quote } = readAttestationExtensions(parseCertificate(leaf));
  return quote?.kind === 'snp' ? 'sev-snp' : quote?.kind;
}

/** What a client is told about a verification that has failed: refused, or not possible at the moment. */
export function peerRefusal(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error;
  const seen = error instanceof Error ? error.message : String(error);
  if (outcomeOf(error) === 'unavailable') {
    const message = 'evidence of the client cannot be verified now';
    return new ProxyError('ERR_PROXY_PEER_UNAVAILABLE', message, { seen, cause: error });
  }
  const message = 'evidence of the client is refused';
  return new ProxyError('ERR_PROXY_PEER_REFUSED', message, { seen, cause: error });
}
