// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import {
  formatQuoteTime,
  fromBase64Url,
  parseCertificate,
  SESSION_CLIENT_EXPORTER_LABEL,
  SESSION_CONTEXT_BYTES,
  sessionReportData,
  toBase64Url,
  utf8,
} from '@proofgate/evidence';
import { VerifierError } from '@proofgate/verifier';
import { ATTESTATION_PATH } from '../attestation-document.ts';
import type { UnverifiedPeer } from '../connect-tls.ts';
import { askForEvidence, type EvidenceQuestionOptions, leafKey } from './attest-question.ts';
import type { ClientIdentity, OwnEvidence } from './client-identity.ts';
import { exportSecret } from './export-secret.ts';
import { http1Exchange } from './http1-exchange.ts';
import { askPeer, type PeerExchange, PeerStatusError } from './peer-exchange.ts';
import { parseClientContext } from './session-answer.ts';

/** How evidence of the client is shown. */
export interface PresentOptions extends EvidenceQuestionOptions {
  readonly prove: NonNullable<ClientIdentity['prove']>;
  /** Default: HTTP/1.1 over the peer's connection. */
  readonly exchange?: PeerExchange;
  /** Default: the system's. */
  readonly clock?: () => Date;
}

/** An answer without content is told by its status. */
const NO_CONTENT = 204;

/**
 * Shows a peer evidence of our own that covers this very TLS session (RA-TLS v2, section 11.4), if it wants some. The
 * peer should have been verified before. A peer that wants evidence every few minutes is shown some by calling this again.
 *
 * @returns whether evidence was shown
 * @throws VerifierError `ERR_SESSION_CLIENT_REFUSED`, `ERR_SESSION_ANSWER`, `ERR_SESSION_UNAVAILABLE`,
 *   `ERR_CONNECT_TIMEOUT`, `ERR_VERIFIER_ARGUMENT` for a connection without a certificate of ours
 */
export async function presentEvidence(
  { socket, chain }: UnverifiedPeer,
  options: PresentOptions,
): Promise<boolean> {
  const exchange = options.exchange ?? http1Exchange(socket);
  const asked = await askForContext(exchange, leafKey(chain), options);
  if (asked === undefined) return false;
  const context = fromBase64Url(asked);
  if (context.length !== SESSION_CONTEXT_BYTES) {
    throw new VerifierError('ERR_SESSION_ANSWER', 'client_context has a wrong length', {
      expected: `${SESSION_CONTEXT_BYTES} bytes`,
      seen: `${context.length} bytes`,
    });
  }
  const exported = exportSecret(socket, SESSION_CLIENT_EXPORTER_LABEL, context);
  const reportData = sessionReportData(ownKey(socket), context, exported);
  const evidence = await options.prove(reportData, options.signal);
  await show(exchange, presentation(asked, evidence, options), options);
  return true;
}

/** What the host wants covered; nothing where it has no resource for that. */
async function askForContext(
  exchange: PeerExchange,
  spki: Uint8Array,
  options: PresentOptions,
): Promise<string | undefined> {
  try {
    const question = { mode: 'deterministic' };
    return parseClientContext(await askForEvidence(exchange, spki, question, options));
  } catch (error) {
    if (error instanceof VerifierError && error.code === 'ERR_SESSION_UNAVAILABLE')
      return undefined;
    throw error;
  }
}

function presentation(
  context: string,
  { tee, bytes, collateral }: OwnEvidence,
  { clock = systemClock }: PresentOptions,
): string {
  const text = typeof collateral === 'object' ? JSON.stringify(collateral) : collateral;
  return JSON.stringify({
    v: 2,
    mode: 'present',
    context,
    tee,
    quote: toBase64Url(bytes),
    gpu_evidence: null,
    quote_time: formatQuoteTime(clock()),
    // Others than Proofgate do not know it, and need not be sent it.
    ...(text === undefined ? {} : { collateral: toBase64Url(utf8(text)) }),
  });
}

async function show(
  exchange: PeerExchange,
  body: string,
  { host, timeoutMs, signal }: PresentOptions,
): Promise<void> {
  const request = { method: 'POST', path: ATTESTATION_PATH, host, body } as const;
  try {
    await askPeer(exchange, request, {
      maxBytes: 0,
      status: NO_CONTENT,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (error instanceof VerifierError) throw error;
    signal?.throwIfAborted();
    throw refusal(error);
  }
}

function refusal(error: unknown): VerifierError {
  const seen = error instanceof Error ? error.message : String(error);
  if (error instanceof PeerStatusError && error.status === 403) {
    return new VerifierError('ERR_SESSION_CLIENT_REFUSED', 'the host refuses our evidence', {
      seen,
      hint: 'its policy for clients does not accept this TEE',
      cause: error,
    });
  }
  const details = { expected: 'status 204', seen, cause: error };
  const message = 'the host does not take our evidence now';
  return new VerifierError('ERR_SESSION_UNAVAILABLE', message, details, 'unavailable');
}

function ownKey(socket: TLSSocket): Uint8Array {
  const own = socket.getX509Certificate();
  if (own !== undefined) return parseCertificate(Uint8Array.from(own.raw)).spki;
  throw new VerifierError(
    'ERR_VERIFIER_ARGUMENT',
    'no certificate of ours was shown in the handshake',
    { expected: 'a connection that was opened with key and cert' },
    'misuse',
  );
}

function systemClock(): Date {
  return new Date();
}
