// SPDX-License-Identifier: Apache-2.0
import { parseCertificate, readAttestationExtensions } from '@proofgate/evidence';
import { type KeyEvidence, VerifierError } from '@proofgate/verifier';
import type { UnverifiedPeer } from '../connect-tls.ts';
import { askForEvidence, type EvidenceQuestionOptions } from './attest-question.ts';
import { http1Exchange } from './http1-exchange.ts';
import type { PeerExchange } from './peer-exchange.ts';
import { parseKeyAnswer } from './session-answer.ts';

/** How evidence for a key is asked for. */
export interface KeyEvidenceOptions extends EvidenceQuestionOptions {
  /** Default: HTTP/1.1 over the peer's connection. */
  readonly exchange?: PeerExchange;
}

/**
 * Asks a peer for the evidence of its certificate's key (RA-TLS v2, mode `deterministic`), if the certificate carries
 * none: hosts with evidence for sessions leave it out. It is not verified here: pass it on as `keyEvidence` to
 * `verifyCertificate`.
 *
 * @returns `undefined` when nothing had to be asked, or the peer has none
 * @throws VerifierError `ERR_SESSION_ANSWER`, `ERR_SESSION_CLIENT_EVIDENCE`, `ERR_CONNECT_TIMEOUT`; EvidenceError for a
 * certificate that cannot be read
 */
export async function requestKeyEvidence(
  { socket, chain: [leaf] }: UnverifiedPeer,
  options: KeyEvidenceOptions,
): Promise<KeyEvidence | undefined> {
  if (leaf === undefined) return undefined;
  const certificate = parseCertificate(leaf);
  if (readAttestationExtensions(certificate).quote !== undefined) return undefined;
  const exchange = options.exchange ?? http1Exchange(socket);
  const question = { mode: 'deterministic' };
  try {
    const answer = await askForEvidence(exchange, certificate.spki, question, options);
    return parseKeyAnswer(answer, options.mayPresent);
  } catch (error) {
    if (error instanceof VerifierError && error.code === 'ERR_SESSION_UNAVAILABLE')
      return undefined;
    throw error;
  }
}
