// SPDX-License-Identifier: Apache-2.0
import { parseCertificate, sha256, toBase64Url } from '@proofgate/evidence';
import { VerifierError } from '@proofgate/verifier';
import { ATTESTATION_PATH } from '../attestation-document.ts';
import { AnswerTooLargeError, askPeer, type PeerExchange } from './peer-exchange.ts';
import { MAX_SESSION_ANSWER_BYTES } from './session-answer.ts';

/** How a peer is asked for evidence. */
export interface EvidenceQuestionOptions {
  /** For the `Host` header. */
  readonly host: string;
  /** Default 10 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** The caller can show evidence of its own, so that a host which wants some is not in vain. */
  readonly mayPresent?: boolean;
}

/** The public key of a peer's certificate, DER. @throws VerifierError `ERR_CERT_CHAIN_LENGTH` */
export function leafKey([leaf]: readonly Uint8Array[]): Uint8Array {
  if (leaf !== undefined) return parseCertificate(leaf).spki;
  throw new VerifierError('ERR_CERT_CHAIN_LENGTH', 'the peer presented no certificate');
}

/**
 * Puts one question of RA-TLS v2 to a peer.
 *
 * @param spki of the certificate that the peer presented
 * @returns the answer, not parsed
 * @throws VerifierError `ERR_SESSION_ANSWER`, `ERR_SESSION_UNAVAILABLE` with a `PeerStatusError` as its cause for an
 *   answer that refuses, `ERR_CONNECT_TIMEOUT`; the caller's abort reason
 */
export async function askForEvidence(
  exchange: PeerExchange,
  spki: Uint8Array,
  question: { readonly mode: string; readonly context?: string },
  { host, timeoutMs, signal }: EvidenceQuestionOptions,
): Promise<Uint8Array> {
  const { mode, ...more } = question;
  const body = JSON.stringify({ v: 2, mode, leaf: toBase64Url(sha256(spki)), ...more });
  const request = { method: 'POST', path: ATTESTATION_PATH, host, body } as const;
  try {
    return await askPeer(exchange, request, {
      maxBytes: MAX_SESSION_ANSWER_BYTES,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (error instanceof VerifierError) throw error;
    signal?.throwIfAborted();
    if (error instanceof AnswerTooLargeError) {
      throw new VerifierError('ERR_SESSION_ANSWER', error.message, { cause: error });
    }
    throw new VerifierError(
      'ERR_SESSION_UNAVAILABLE',
      'the host makes no evidence when it is asked',
      {
        expected: `an answer to POST ${ATTESTATION_PATH}, mode ${mode}`,
        seen: error instanceof Error ? error.message : String(error),
        hint: 'does the host support evidence for sessions?',
        cause: error,
      },
      'unavailable',
    );
  }
}
