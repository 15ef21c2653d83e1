// SPDX-License-Identifier: Apache-2.0
import { isIP, isIPv6 } from 'node:net';
import { ApiError } from './errors.ts';
import { parseHostname } from './hostname.ts';

/** Where something listens or is reached over TCP. */
export interface HostPort {
  /** DNS name in lower case, IPv4 address, or IPv6 address without brackets. */
  readonly host: string;
  /** 0 to 65535; 0 lets the system choose, and only where the field allows it. */
  readonly port: number;
}

/**
 * Reads `host:port`; an IPv6 address is in brackets, as in a URL.
 *
 * @throws ApiError `ERR_API_HOST_PORT`
 */
export function parseHostPort(text: string): HostPort {
  const [, bracketed, plain = '', digits = ''] =
    /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = digits === '' ? Number.NaN : Number(digits);
  if (!(port <= 65_535)) throw refusal(text);
  if (bracketed !== undefined) {
    if (!isIPv6(bracketed)) throw refusal(text);
    return { host: bracketed.toLowerCase(), port };
  }
  return { host: isIP(plain) === 4 ? plain : hostnameIn(plain, text), port };
}

/** Writes an address so that {@link parseHostPort} reads the same back. */
export function formatHostPort({ host, port }: HostPort): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${String(port)}`;
}

function hostnameIn(host: string, text: string): string {
  try {
    return parseHostname(host);
  } catch (cause) {
    throw refusal(text, cause);
  }
}

function refusal(text: string, cause?: unknown): ApiError {
  return new ApiError('ERR_API_HOST_PORT', `"${text.slice(0, 80)}" is not host:port`, {
    expected: 'a hostname, IPv4 address or [IPv6 address], a colon and a port from 0 to 65535',
    seen: text.slice(0, 80),
    ...(cause === undefined ? {} : { cause }),
  });
}
