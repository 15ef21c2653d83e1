// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import {
  parseCertificate,
  SESSION_CONTEXT_BYTES,
  SESSION_EXPORTER_LABEL,
  sha256,
  toBase64Url,
} from '@proofgate/evidence';
import { type SessionEvidence, VerifierError } from '@proofgate/verifier';
import { ATTESTATION_PATH } from '../attestation-document.ts';
import type { UnverifiedPeer } from '../connect-tls.ts';
import { http1Exchange } from './http1-exchange.ts';
import { AnswerTooLargeError, askPeer, type PeerExchange } from './peer-exchange.ts';
import { MAX_SESSION_ANSWER_BYTES, parseSessionAnswer } from './session-answer.ts';

/** How evidence for a session is asked for. */
export interface SessionEvidenceOptions {
  /** For the `Host` header. */
  readonly host: string;
  /** Default: HTTP/1.1 over the peer's connection. */
  readonly exchange?: PeerExchange;
  /** Default: the system's. */
  readonly clock?: () => Date;
  /** Default 10 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks a peer for evidence that covers this very TLS session (RA-TLS v2, mode `challenge`): a random context of ours
 * and a secret that only the two ends of the session can derive from it. It is the first request on a connection.
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
  { socket, chain }: UnverifiedPeer,
  options: SessionEvidenceOptions,
): Promise<SessionEvidence> {
  const spki = leafKey(chain);
  const context = new Uint8Array(randomBytes(SESSION_CONTEXT_BYTES));
  const exported = exportSecret(socket, context);
  const requestedAt = (options.clock ?? systemClock)();
  const question = {
    v: 2,
    mode: 'challenge',
    leaf: toBase64Url(sha256(spki)),
    context: toBase64Url(context),
  };
  const body = await ask(
    options.exchange ?? http1Exchange(socket),
    JSON.stringify(question),
    options,
  );
  const { tee, quote, gpuEvidence } = parseSessionAnswer(body);
  return { tee, bytes: quote, context, exported, gpuEvidence, requestedAt };
}

function leafKey([leaf]: readonly Uint8Array[]): Uint8Array {
  if (leaf !== undefined) return parseCertificate(leaf).spki;
  throw new VerifierError('ERR_CERT_CHAIN_LENGTH', 'the peer presented no certificate');
}

function exportSecret(socket: TLSSocket, context: Uint8Array): Uint8Array {
  // RFC 8446 §7.5. In TLS 1.2 the exporter identifies a session only with an extension that cannot be seen from here.
  const protocol = socket.getProtocol();
  if (protocol !== 'TLSv1.3') {
    throw new VerifierError(
      'ERR_VERIFIER_ARGUMENT',
      'the connection is not a TLS 1.3 session',
      {
        expected: 'TLSv1.3',
        seen: protocol ?? 'no TLS',
      },
      'misuse',
    );
  }
  try {
    return new Uint8Array(
      socket.exportKeyingMaterial(
        SESSION_CONTEXT_BYTES,
        SESSION_EXPORTER_LABEL,
        Buffer.from(context),
      ),
    );
  } catch (cause) {
    throw new VerifierError(
      'ERR_CONNECT_UNAVAILABLE',
      'the TLS session has no exporter',
      {
        hint: 'the connection may have been closed',
        cause,
      },
      'unavailable',
    );
  }
}

async function ask(
  exchange: PeerExchange,
  body: string,
  { host, timeoutMs, signal }: SessionEvidenceOptions,
): Promise<Uint8Array> {
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
      'the host makes no session evidence',
      {
        expected: `an answer to POST ${ATTESTATION_PATH}`,
        seen: error instanceof Error ? error.message : String(error),
        hint: 'does the host support evidence for sessions?',
        cause: error,
      },
      'unavailable',
    );
  }
}

function systemClock(): Date {
  return new Date();
}
