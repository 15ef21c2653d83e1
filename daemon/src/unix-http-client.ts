// SPDX-License-Identifier: Apache-2.0
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { DaemonError } from './errors.ts';
import { parseJson } from './json-file.ts';

/** A request to a unix socket. */
export interface UnixRequestOptions {
  readonly socketPath: string;
  readonly method: string;
  /** Path and query, starting with `/`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** From the attempt to connect to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Largest answer in bytes; {@link DEFAULT_MAX_ANSWER_BYTES} unless told. */
  readonly maxAnswer?: number;
}

/** An answer with its JSON body, or `undefined` when it has none. */
export interface UnixAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Lists of hosts and events are a few megabytes at most. */
export const DEFAULT_MAX_ANSWER_BYTES = 16_777_216;

/**
 * One HTTP request over a unix socket, JSON both ways. Every status is an answer; the caller decides what it means.
 *
 * @throws DaemonError `ERR_DAEMON_SOCKET_UNREACHABLE`, `ERR_DAEMON_SOCKET_TIMEOUT`, `ERR_DAEMON_BODY_TOO_LARGE`,
 *   `ERR_DAEMON_JSON_INVALID`; the signal's reason when it is aborted
 */
export async function requestUnix(options: UnixRequestOptions): Promise<UnixAnswer> {
  const { socketPath, timeoutMs, signal } = options;
  const deadline = AbortSignal.timeout(timeoutMs);
  const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  try {
    const answer = await exchange(options, either);
    const bytes = await readAnswer(answer, options.maxAnswer ?? DEFAULT_MAX_ANSWER_BYTES);
    const body = bytes.length === 0 ? undefined : parseJson(bytes, `answer of ${socketPath}`);
    return { status: answer.statusCode ?? 0, body };
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof DaemonError) throw cause;
    if (deadline.aborted) {
      const message = `${socketPath} did not answer within ${String(timeoutMs)} ms`;
      throw new DaemonError('ERR_DAEMON_SOCKET_TIMEOUT', message, { cause });
    }
    const message = `${socketPath} cannot be reached`;
    throw new DaemonError('ERR_DAEMON_SOCKET_UNREACHABLE', message, { cause });
  }
}

function exchange(options: UnixRequestOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const { socketPath, method, path } = options;
  const content = options.body === undefined ? undefined : JSON.stringify(options.body);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        socketPath,
        method,
        path,
        signal,
        agent: false,
        headers: {
          host: 'localhost',
          ...(content === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
        },
      },
      resolve,
    );
    request.once('error', reject);
    request.end(content);
  });
}

async function readAnswer(answer: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  const source: AsyncIterable<Uint8Array> = answer;
  for await (const chunk of source) {
    total += chunk.length;
    if (total > maxBytes) {
      throw new DaemonError('ERR_DAEMON_BODY_TOO_LARGE', 'answer is too large', {
        expected: `at most ${String(maxBytes)} bytes`,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, total);
}
