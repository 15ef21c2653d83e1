// SPDX-License-Identifier: Apache-2.0
import { PROXY_ERRORS, type ProxyError, type ProxyErrorCode } from '../errors.ts';
import type { LocalAnswer } from './local-resource.ts';

/** What a client is told about each refusal or failure; what is not listed is a 500. */
const STATUS: Partial<Record<ProxyErrorCode, number>> = {
  ERR_PROXY_REQUEST_MALFORMED: 400,
  ERR_PROXY_REQUEST_VERSION: 400,
  ERR_PROXY_REQUEST_TARGET: 400,
  ERR_PROXY_REQUEST_HOST: 400,
  ERR_PROXY_REQUEST_FRAMING: 400,
  ERR_PROXY_REQUEST_UPGRADE: 400,
  ERR_PROXY_CONFIGURE_AMBIGUOUS: 400,
  ERR_PROXY_REQUEST_ABORTED: 499,
  ERR_PROXY_EVIDENCE_REQUEST: 400,
  ERR_PROXY_EVIDENCE_SESSION: 400,
  ERR_PROXY_EVIDENCE_CLIENT: 403,
  ERR_PROXY_PEER_REQUIRED: 403,
  ERR_PROXY_PEER_EXPIRED: 403,
  ERR_PROXY_PEER_REFUSED: 403,
  ERR_PROXY_PEER_CHANGED: 403,
  ERR_PROXY_EVIDENCE_LEAF: 404,
  ERR_PROXY_REQUEST_METHOD: 405,
  ERR_PROXY_REQUEST_TIMEOUT: 408,
  ERR_PROXY_REQUEST_BODY_TOO_LARGE: 413,
  ERR_PROXY_EVIDENCE_MEDIA_TYPE: 415,
  ERR_PROXY_REQUEST_EXPECTATION: 417,
  ERR_PROXY_REQUEST_MISDIRECTED: 421,
  ERR_PROXY_TOO_MANY_REQUESTS: 429,
  ERR_PROXY_TOO_MUCH_CONTENT: 429,
  ERR_PROXY_EVIDENCE_RATE: 429,
  ERR_PROXY_REQUEST_HEADERS_TOO_LARGE: 431,
  ERR_PROXY_UPSTREAM_UNREACHABLE: 502,
  ERR_PROXY_UPSTREAM_CLOSED: 502,
  ERR_PROXY_UPSTREAM_CANCELLED: 502,
  ERR_PROXY_UPSTREAM_INVALID: 502,
  ERR_PROXY_CONFIGURATION_AWAITED: 503,
  ERR_PROXY_UPSTREAM_BUSY: 503,
  ERR_PROXY_UPSTREAM_REFUSED: 503,
  ERR_PROXY_UPSTREAM_OVERLOADED: 503,
  ERR_PROXY_EVIDENCE_BUSY: 503,
  ERR_PROXY_EVIDENCE_QUOTE: 503,
  ERR_PROXY_PEER_BUSY: 503,
  ERR_PROXY_PEER_UNAVAILABLE: 503,
  ERR_PROXY_LOCAL_TIMEOUT: 503,
  ERR_PROXY_UPSTREAM_TIMEOUT: 504,
};

/** Seconds after which another attempt may succeed. */
const RETRY_AFTER: Partial<Record<ProxyErrorCode, number>> = {
  ERR_PROXY_TOO_MANY_REQUESTS: 1,
  ERR_PROXY_TOO_MUCH_CONTENT: 5,
  ERR_PROXY_EVIDENCE_RATE: 1,
  ERR_PROXY_UPSTREAM_BUSY: 1,
  ERR_PROXY_UPSTREAM_REFUSED: 1,
  // It has said so itself.
  ERR_PROXY_UPSTREAM_OVERLOADED: 5,
  ERR_PROXY_EVIDENCE_BUSY: 1,
  ERR_PROXY_PEER_BUSY: 1,
  ERR_PROXY_PEER_UNAVAILABLE: 5,
  // A platform that fails or hangs needs longer than one that is busy.
  ERR_PROXY_EVIDENCE_QUOTE: 5,
  ERR_PROXY_LOCAL_TIMEOUT: 5,
  // As Enclave OS answers; a person has to do something first.
  ERR_PROXY_CONFIGURATION_AWAITED: 5,
};

/** The status with which a client is told of `code`. 499 is only ever logged: nobody is there to read it. */
export function statusOf(code: ProxyErrorCode): number {
  return STATUS[code] ?? 500;
}

/**
 * The answer to a request that fails: `{ "error", "code", "requestId" }`. The sentence is the code's own, from the table:
 * what was seen and expected goes to the log.
 */
export function errorAnswer(error: ProxyError, requestId: string): LocalAnswer {
  const [, sentence] = PROXY_ERRORS[error.code];
  const body = Buffer.from(`${JSON.stringify({ error: sentence, code: error.code, requestId })}\n`);
  return { status: statusOf(error.code), headers: errorHeaders(error), body };
}

function errorHeaders(error: ProxyError): string[] {
  const headers = ['Content-Type', 'application/json', 'Cache-Control', 'no-store'];
  const retryAfter = RETRY_AFTER[error.code];
  if (retryAfter !== undefined) headers.push('Retry-After', String(retryAfter));
  if (error.code === 'ERR_PROXY_REQUEST_METHOD') headers.push('Allow', error.expected ?? '');
  return headers;
}
