// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { ProxyError } from '../errors.ts';
import { clientResponseHeaders, type RawHeaders } from './header-rules.ts';
import type { ContentFraming } from '../http1/content-decoder.ts';
import { CONTENT_LENGTH, isChunked } from './request-framing.ts';
import { readFields, type MessageFields } from './message-fields.ts';

/** A response head as the upstream's parser delivers it. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  readonly rawHeaders: RawHeaders;
  /** What `rawHeaders` say, if that has been found out already. */
  readonly fields?: MessageFields;
}

/** What about the request decides how its response is framed. */
export interface AnsweredRequest {
  readonly method: string;
  readonly httpVersion: string;
}

/** How a response goes to the client. */
export interface ResponsePlan {
  /** Content follows the head. */
  readonly hasBody: boolean;
  /** Towards the client; otherwise a length is given, or the end of the connection is the end of the content. */
  readonly chunked: boolean;
  /** A trailer section can follow. */
  readonly trailers: boolean;
  readonly headers: string[];
}

/** RFC 6455 section 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * Decides how an upstream's response is framed towards the client (RFC 9112 section 6.3).
 *
 * @throws ProxyError ERR_PROXY_UPSTREAM_INVALID
 */
export function planResponse(head: ResponseHead, request: AnsweredRequest): ResponsePlan {
  const fields = head.fields ?? readFields(head.rawHeaders);
  const { encodings, lengths } = readFraming(head.status, fields);
  const hasBody = hasContent(head.status, request.method);
  const chunked = hasBody && lengths.length === 0 && request.httpVersion === '1.1';
  const headers = clientResponseHeaders(head.rawHeaders, fields.connection, {
    chunked,
    // RFC 9110 section 8.6: no Content-Length in a 204; in answers to HEAD and in a 304 it describes the absent content.
    contentLength: head.status !== 204,
  });
  if (chunked && encodings.length === 0) headers.push('Transfer-Encoding', 'chunked');
  const trailers = chunked || (hasBody && request.httpVersion === '2.0');
  return { hasBody, chunked, trailers, headers };
}

/**
 * How the content of an upstream's response ends (RFC 9112 section 6.3).
 *
 * @param method of the request
 * @throws ProxyError ERR_PROXY_UPSTREAM_INVALID
 */
export function responseFraming(
  head: { readonly status: number; readonly httpVersion: string; readonly fields: MessageFields },
  method: string,
): ContentFraming {
  if (head.status < 200) {
    // RFC 9110 section 8.6: an interim answer with content is half a final one to some parsers.
    const { contentLength, transferEncoding } = head.fields;
    if (contentLength.length + transferEncoding.length === 0) return { kind: 'none' };
    throw invalid(`content behind status ${head.status}`);
  }
  const { encodings, lengths } = readFraming(head.status, head.fields);
  if (!hasContent(head.status, method)) return { kind: 'none' };
  if (encodings.length > 0) {
    if (head.httpVersion === '1.0') throw invalid('Transfer-Encoding in HTTP/1.0');
    return { kind: 'chunked' };
  }
  const [length] = lengths;
  return length === undefined ? { kind: 'close' } : { kind: 'length', bytes: Number(length) };
}

function hasContent(status: number, method: string): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304;
}

/** The fields that frame a response. @throws ProxyError ERR_PROXY_UPSTREAM_INVALID when they leave a doubt */
function readFraming(
  status: number,
  { transferEncoding: encodings, contentLength: lengths }: MessageFields,
): { encodings: readonly string[]; lengths: readonly string[] } {
  if (status < 200) throw invalid(`status ${status} as its final answer`);
  if (encodings.length > 0 && (!isChunked(encodings) || lengths.length > 0)) {
    throw invalid('Transfer-Encoding that is not exactly "chunked"');
  }
  if (lengths.length > 1) throw invalid('more than one Content-Length');
  // Also where there is no content: the next in line may think that there is.
  if (lengths[0] !== undefined && !CONTENT_LENGTH.test(lengths[0])) {
    throw invalid('a Content-Length that is not a number');
  }
  return { encodings, lengths };
}

/**
 * Checks that an upstream agreed to the protocol that the client asked for (RFC 9110 section 7.8, for WebSocket RFC 6455
 * section 4.2.2), and gives the fields of the 101 response.
 *
 * @param key the client's Sec-WebSocket-Key
 * @throws ProxyError ERR_PROXY_UPSTREAM_INVALID
 */
export function planSwitch(
  head: ResponseHead,
  protocol: string,
  key: string | undefined,
): string[] {
  const fields = head.fields ?? readFields(head.rawHeaders);
  const upgrades = fields.upgrade;
  if (upgrades.length !== 1 || upgrades[0]?.toLowerCase() !== protocol) {
    throw invalid('101 for another protocol than was asked for');
  }
  if (!fields.connection.includes('upgrade')) {
    throw invalid('101 without Connection: Upgrade');
  }
  const accepts = fields.webSocketAccept;
  if (protocol === 'websocket' && (accepts.length !== 1 || accepts[0] !== webSocketAccept(key))) {
    throw invalid('101 with a wrong Sec-WebSocket-Accept');
  }
  const headers = clientResponseHeaders(head.rawHeaders, fields.connection, {
    chunked: false,
    contentLength: false,
  });
  return ['Connection', 'Upgrade', 'Upgrade', upgrades[0] ?? protocol, ...headers];
}

function webSocketAccept(key = ''): string {
  return createHash('sha1')
    .update(key + WEBSOCKET_GUID)
    .digest('base64');
}

function invalid(what: string): ProxyError {
  return new ProxyError('ERR_PROXY_UPSTREAM_INVALID', `upstream answered with ${what}`);
}
