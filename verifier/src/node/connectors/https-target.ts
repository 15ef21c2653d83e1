// SPDX-License-Identifier: Apache-2.0
import { VerifierError } from '@proofgate/verifier';
import type { ConnectOptions } from '../connect-tls.ts';

/**
 * Where the server of a URL is.
 *
 * @param protocol the one that means TLS, such as `https:`
 * @throws VerifierError `ERR_CONNECT_INSECURE` for other protocols
 */
export function targetOfUrl(url: URL, protocol: 'https:' | 'wss:'): ConnectOptions {
  demandTls(url.protocol, protocol, url.host);
  return {
    host: withoutBrackets(url.hostname),
    port: url.port === '' ? 443 : Number(url.port),
  };
}

/**
 * Refuses an address that is reached without TLS, where nobody could be verified.
 *
 * @throws VerifierError `ERR_CONNECT_INSECURE`
 */
export function demandTls(protocol: string, expected: 'https:' | 'wss:', host: string): void {
  if (protocol === expected) return;
  throw new VerifierError(
    'ERR_CONNECT_INSECURE',
    `${host} would be reached without TLS`,
    {
      expected,
      seen: protocol,
      hint: 'a redirect may have led there',
    },
    'misuse',
  );
}

/** A host name or address as sockets take it: URLs write IPv6 addresses in brackets. */
export function withoutBrackets(hostname: string): string {
  return hostname.startsWith('[') && hostname.endsWith(']') ? hostname.slice(1, -1) : hostname;
}
