// SPDX-License-Identifier: Apache-2.0
import type { ProxyErrorCode } from '../errors.ts';

/** Alert descriptions, RFC 8446 section 6.2. */
export const TLS_ALERT = {
  illegalParameter: 47,
  decodeError: 50,
  internalError: 80,
  unrecognizedName: 112,
} as const;

/** One of {@link TLS_ALERT}. */
export type TlsAlert = (typeof TLS_ALERT)[keyof typeof TLS_ALERT];

/**
 * The record that refuses a handshake before any key exists: a fatal alert in plain text, RFC 8446 sections 5.1 and 6.
 * The legacy record version 0x0303 is what every client of TLS 1.2 and 1.3 reads at this point.
 *
 * @returns 7 bytes
 */
export function fatalAlert(description: TlsAlert): Buffer {
  const contentType = 21;
  const fatal = 2;
  return Buffer.from([contentType, 3, 3, 0, 2, fatal, description]);
}

/** The alert that answers a ClientHello which was refused with `code`. */
export function alertForHello(code: ProxyErrorCode): TlsAlert {
  return code === 'ERR_PROXY_HELLO_ILLEGAL' ? TLS_ALERT.illegalParameter : TLS_ALERT.decodeError;
}
