// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:http2';
import { ProxyError, type ProxyErrorCode } from '../errors.ts';
import { closedWithoutAnswer } from '../upstream/upstream-failure.ts';

/**
 * What a reset means for whoever asked, RFC 9113 section 7. The other codes are about frames and connections, which an
 * upstream and a client do not have in common.
 */
const MEANING: ReadonlyMap<number, ProxyErrorCode> = new Map([
  [constants.NGHTTP2_CANCEL, 'ERR_PROXY_UPSTREAM_CANCELLED'],
  [constants.NGHTTP2_REFUSED_STREAM, 'ERR_PROXY_UPSTREAM_REFUSED'],
  [constants.NGHTTP2_ENHANCE_YOUR_CALM, 'ERR_PROXY_UPSTREAM_OVERLOADED'],
]);

/** Why a stream to an upstream was reset. */
export function resetFailure(rstCode: number | undefined): ProxyError {
  const code = MEANING.get(rstCode ?? constants.NGHTTP2_NO_ERROR);
  return code === undefined
    ? closedWithoutAnswer()
    : new ProxyError(code, `upstream reset the stream with code ${String(rstCode)}`);
}

/**
 * With what the client's stream is reset after an answer has begun. Never with REFUSED_STREAM: that would say that nobody
 * has acted on the request, and have it sent again.
 */
export function resetCode(error: ProxyError | undefined): number {
  if (error?.code === 'ERR_PROXY_UPSTREAM_CANCELLED') return constants.NGHTTP2_CANCEL;
  if (error?.code === 'ERR_PROXY_UPSTREAM_OVERLOADED') return constants.NGHTTP2_ENHANCE_YOUR_CALM;
  return constants.NGHTTP2_INTERNAL_ERROR;
}
