// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { SESSION_CONTEXT_BYTES, SESSION_EXPORTER_LABEL, toBase64Url } from '@proofgate/evidence';
import { type SessionEvidence, VerifierError } from '@proofgate/verifier';
import type { UnverifiedPeer } from '../connect-tls.ts';
import { askForEvidence, type EvidenceQuestionOptions, leafKey } from './attest-question.ts';
import { exportSecret } from './export-secret.ts';
import { http1Exchange } from './http1-exchange.ts';
import { type PeerExchange, PeerStatusError } from './peer-exchange.ts';
import { parseSessionAnswer, type SessionMode } from './session-answer.ts';

/** How evidence for a session is asked for. */
export interface SessionEvidenceOptions extends EvidenceQuestionOptions {
  /** Default: HTTP/1.1 over the peer's connection. */
  readonly exchange?: PeerExchange;
  /**
   * `batch` is one quote for many connections, `challenge` one for this connection alone; both prove the same. Default:
   * `batch`, and `challenge` if the host does not know that.
   */
  readonly mode?: SessionMode;
  /** Default: the system's. */
  readonly clock?: () => Date;
}

/**
 * Asks a peer for evidence that covers this very TLS session (RA-TLS v2): a random context of ours and a secret that
 * only the two ends of the session can derive from it. It is the first request on a connection.
 *
 * Context and exporter value are of our end; nothing of them is taken from the answer. The evidence is not verified
 * here: pass it on as `session` to `verifyCertificate`.
 *
 * @throws VerifierError `ERR_SESSION_*`, `ERR_CONNECT_TIMEOUT`, `ERR_CONNECT_UNAVAILABLE`, `ERR_VERIFIER_ARGUMENT`
 * @example
 * ```ts
 * const peer = await connectTls({ host: 'app.example.com' });
 * const session = await requestSessionEvidence(peer, { host: 'app.example.com' });
 * await verifyCertificate({ chain: peer.chain, session, policy, collateral, caRoots, hostname: 'app.example.com', at: new Date() });
 * ```
 */
export async function requestSessionEvidence(
  peer: UnverifiedPeer,
  options: SessionEvidenceOptions,
): Promise<SessionEvidence> {
  if (options.mode !== undefined) return askInMode(options.mode, peer, options);
  try {
    return await askInMode('batch', peer, options);
  } catch (error) {
    if (!isUnknownMode(error)) throw error;
    return askInMode('challenge', peer, options);
  }
}

async function askInMode(
  mode: SessionMode,
  { socket, chain }: UnverifiedPeer,
  options: SessionEvidenceOptions,
): Promise<SessionEvidence> {
  const spki = leafKey(chain);
  const context = new Uint8Array(randomBytes(SESSION_CONTEXT_BYTES));
  const exported = exportSecret(socket, SESSION_EXPORTER_LABEL, context);
  const requestedAt = (options.clock ?? systemClock)();
  const exchange = options.exchange ?? http1Exchange(socket);
  const question = { mode, context: toBase64Url(context) };
  const body = await askForEvidence(exchange, spki, question, options);
  const { tee, quote, gpuEvidence, batch } = parseSessionAnswer(body, mode, options.mayPresent);
  return { tee, bytes: quote, context, exported, gpuEvidence, batch, requestedAt };
}

// RA-TLS v2 answers a question that it cannot read with 400. Both modes prove the same, so nothing is lost by asking in
// the other one.
function isUnknownMode(error: unknown): boolean {
  if (!(error instanceof VerifierError)) return false;
  return error.cause instanceof PeerStatusError && error.cause.status === 400;
}

function systemClock(): Date {
  return new Date();
}
