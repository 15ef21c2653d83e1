// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';

const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

/** Sorts an error of a connection to an upstream into the codes that clients and logs see. */
export function upstreamFailure(cause: Error): ProxyError {
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (CLOSED.has(code)) return closedWithoutAnswer(cause);
  return new ProxyError('ERR_PROXY_UPSTREAM_UNREACHABLE', 'upstream cannot be reached', {
    seen: code,
    cause,
  });
}

/** The connection ended before there was a response. */
export function closedWithoutAnswer(cause?: Error): ProxyError {
  return new ProxyError('ERR_PROXY_UPSTREAM_CLOSED', 'upstream closed without an answer', {
    cause,
  });
}
