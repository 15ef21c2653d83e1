// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';
import type { RawHeaders } from '../http/header-rules.ts';

/** Fields that only the handshake of HTTP/1.1 has, RFC 8441 section 5. */
const HANDSHAKE_FIELDS: ReadonlySet<string> = new Set([
  'sec-websocket-accept',
  'sec-websocket-key',
]);

/**
 * What an HTTP/1.1 request has in place of extended CONNECT, RFC 8441 section 5.1.
 *
 * @param fields of the client
 * @param key a new Sec-WebSocket-Key
 * @throws ProxyError ERR_PROXY_REQUEST_UPGRADE
 */
export function upgradeFields(protocol: string, fields: RawHeaders, key: string): string[] {
  if (protocol !== 'websocket') {
    throw new ProxyError('ERR_PROXY_REQUEST_UPGRADE', 'CONNECT to an unknown protocol', {
      expected: 'websocket',
      seen: protocol,
    });
  }
  return [...withoutHandshake(fields), 'Upgrade', protocol, 'Sec-WebSocket-Key', key];
}

/** The fields of the answer that agrees: there is nothing to prove in HTTP/2. */
export function withoutHandshake(fields: RawHeaders): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] ?? '';
    if (!HANDSHAKE_FIELDS.has(name.toLowerCase())) kept.push(name, fields[index + 1] ?? '');
  }
  return kept;
}
