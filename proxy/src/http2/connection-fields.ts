// SPDX-License-Identifier: Apache-2.0

/** Fields that describe an HTTP/1.1 connection and have no place in HTTP/2, RFC 9113 section 8.2.2. */
const CONNECTION_SPECIFIC: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Whether a message of HTTP/2 must not have this field. @param name in lower case */
export function isConnectionSpecific(name: string, value: string): boolean {
  return CONNECTION_SPECIFIC.has(name) || (name === 'te' && value.toLowerCase() !== 'trailers');
}
