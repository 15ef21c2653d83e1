// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import { ApiError } from './errors.ts';

/** A range of IP addresses: all that begin with the same bits. */
export interface AddressRange {
  readonly address: string;
  readonly family: 4 | 6;
  /** How many bits count. */
  readonly prefix: number;
}

const BITS = { 4: 32, 6: 128 } as const;

/**
 * Reads a range in CIDR notation (RFC 4632, RFC 4291 section 2.3), or one address.
 *
 * @throws ApiError `ERR_API_ADDRESS_RANGE`
 */
export function parseAddressRange(text: string): AddressRange {
  const [, address = '', digits] = /^([^/]*)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family === 4 || family === 6) {
    const prefix = digits === undefined ? BITS[family] : Number(digits);
    // A zone is a name of this machine and says nothing about who sends.
    if (prefix <= BITS[family] && !address.includes('%')) return { address, family, prefix };
  }
  throw new ApiError('ERR_API_ADDRESS_RANGE', `"${text.slice(0, 80)}" is no range of addresses`, {
    expected: 'an IPv4 or IPv6 address, and after it, if more than one is meant, / and its bits',
    seen: text.slice(0, 80),
  });
}
