// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '@proofgate/evidence';
import { VerifierError } from '@proofgate/verifier';

/** A question to a peer that is not verified yet. Nothing in it may be confidential. */
export interface PeerRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** For `Host` or `:authority`. */
  readonly host: string;
  /** JSON. */
  readonly body?: string;
}

/** The beginning of an answer. */
export interface PeerAnswer {
  readonly status: number;
  readonly body: AsyncIterable<Uint8Array>;
  /** Leaves the body unread. */
  discard(): void;
}

/** Puts questions to a peer over the connection that is to be verified, in the protocol that was negotiated for it. */
export type PeerExchange = (request: PeerRequest, signal: AbortSignal) => Promise<PeerAnswer>;

/** Bounds of one question. */
export interface AskOptions {
  /** For the body of the answer. */
  readonly maxBytes: number;
  /** That the answer has to have. Default 200. */
  readonly status?: number;
  /** Default 10 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** An answer with another status than the one that it has to have. */
export class PeerStatusError extends Error {
  override readonly name = 'PeerStatusError';
  readonly status: number;

  constructor(status: number) {
    super(`HTTP status ${status}`);
    this.status = status;
  }
}

/** An answer over the limit. */
export class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError';
}

/** The text of a refusal is read so that the connection can be used for another question, up to a page of it. */
const MAX_REFUSAL_BYTES = 16 * 1024;

/** Quotes take well under a second, and up to some seconds where many are asked for. */
const TIMEOUT_MS = 10_000;

/**
 * Asks a peer and reads its answer, bounded in size and time.
 *
 * @returns the body of an answer with the right status
 * @throws VerifierError `ERR_CONNECT_TIMEOUT`; {@link PeerStatusError}; {@link AnswerTooLargeError}; the caller's abort
 *   reason; other errors as the connection has them, for the caller to name
 */
export async function askPeer(
  exchange: PeerExchange,
  request: PeerRequest,
  options: AskOptions,
): Promise<Uint8Array> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal =
    options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  try {
    const answer = await exchange(request, signal);
    if (answer.status !== (options.status ?? 200)) {
      await readRefusal(answer);
      throw new PeerStatusError(answer.status);
    }
    return await readBody(answer.body, options.maxBytes);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (timeout.aborted) {
      const what = `${request.method} ${request.path} was not answered`;
      throw new VerifierError(
        'ERR_CONNECT_TIMEOUT',
        what,
        { expected: `within ${timeoutMs} ms` },
        'unavailable',
      );
    }
    throw error;
  }
}

async function readRefusal(answer: PeerAnswer): Promise<void> {
  try {
    await readBody(answer.body, MAX_REFUSAL_BYTES);
  } catch {
    answer.discard();
  }
}

async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > maxBytes) throw new AnswerTooLargeError(`answer is over ${maxBytes} bytes`);
    parts.push(part);
  }
  return concatBytes(...parts);
}
