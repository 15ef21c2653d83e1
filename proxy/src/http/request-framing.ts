// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';
import type { BodyFraming } from './client-stream.ts';
import type { MessageFields } from './message-fields.ts';

/** 15 digits are below 2^53: every such number is exact. */
export const CONTENT_LENGTH: RegExp = /^[0-9]{1,15}$/;

/**
 * How the content of an HTTP/1 request is framed: RFC 9112 section 6.3, with every case that calls for judgement refused.
 *
 * @throws ProxyError ERR_PROXY_REQUEST_FRAMING
 */
export function requestFraming(httpVersion: string, fields: MessageFields): BodyFraming {
  const { transferEncoding: encodings, contentLength: lengths } = fields;
  if (encodings.length > 0) {
    if (lengths.length > 0) throw framing('both Transfer-Encoding and Content-Length');
    if (httpVersion === '1.0') throw framing('Transfer-Encoding in HTTP/1.0');
    if (!isChunked(encodings)) throw framing('Transfer-Encoding is not exactly "chunked"');
    return { kind: 'chunked' };
  }
  const [length] = lengths;
  if (length === undefined) return { kind: 'none' };
  if (lengths.length > 1) throw framing('more than one Content-Length');
  if (!CONTENT_LENGTH.test(length)) throw framing('Content-Length is not a number');
  return { kind: 'length', bytes: Number(length) };
}

/** Whether the fields say `chunked` and nothing else. */
export function isChunked(encodings: readonly string[]): boolean {
  return encodings.length === 1 && encodings[0]?.toLowerCase() === 'chunked';
}

function framing(what: string): ProxyError {
  return new ProxyError('ERR_PROXY_REQUEST_FRAMING', what);
}
