// SPDX-License-Identifier: Apache-2.0
import { BlockList, isIP } from 'node:net';
import type { AddressRange } from '@proofgate/api';

/** Tells whether an address is in one of the ranges. */
export function addressMatcher(ranges: readonly AddressRange[]): (address: string) => boolean {
  if (ranges.length === 0) return () => false;
  const list = new BlockList();
  for (const { address, prefix, family } of ranges) {
    list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}
