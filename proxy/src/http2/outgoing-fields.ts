// SPDX-License-Identifier: Apache-2.0
import type { OutgoingHttpHeaders } from 'node:http2';
import { ProxyError, type ProxyErrorCode } from '../errors.ts';
import type { RawHeaders } from '../http/header-rules.ts';
import { isConnectionSpecific } from './connection-fields.ts';

/** Lists, whose values may be joined (RFC 9110 section 5.3), but which `node:http2` takes in one piece alone. */
const JOINED: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-language',
  'if-match',
  'if-none-match',
]);

/** Fields with one value, of which `node:http2` takes one alone: in HTTP/1.1 a second one would pass. */
const SINGLE: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'access-control-request-method',
  'age',
  'authorization',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options',
]);

/**
 * Fields as `node:http2` sends them: in lower case, those of one name together, without those of a connection.
 *
 * @param pseudo pseudo-header fields, which come first
 * @param refused code of the refusal of two different values where there can be one
 * @throws ProxyError
 */
export function outgoingFields(
  raw: RawHeaders,
  pseudo: OutgoingHttpHeaders,
  refused: ProxyErrorCode,
): OutgoingHttpHeaders {
  // A field may be called `constructor` or `__proto__`, which an object has already.
  const fields = new Map(Object.entries(pseudo));
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = raw[index + 1] ?? '';
    if (isConnectionSpecific(name, value)) continue;
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : together(name, before, value, refused));
  }
  return Object.fromEntries(fields);
}

function together(
  name: string,
  before: OutgoingHttpHeaders[string],
  value: string,
  refused: ProxyErrorCode,
): OutgoingHttpHeaders[string] {
  if (Array.isArray(before)) {
    before.push(value);
    return before;
  }
  const first = String(before);
  if (JOINED.has(name)) return `${first}, ${value}`;
  if (!SINGLE.has(name)) return [first, value];
  if (first !== value) throw new ProxyError(refused, `two different values of ${name}`);
  return first;
}
