// SPDX-License-Identifier: Apache-2.0
import { BlockList, isIPv6 } from 'node:net';
import type { AddressRange } from '@proofgate/api';
import { plainAddress } from '../tls/plain-address.ts';

/** Who has to say, with the first bytes of a connection, whose it is. */
export class TrustedSources {
  private readonly ranges = new BlockList();
  private readonly any: boolean;

  constructor(ranges: readonly AddressRange[]) {
    this.any = ranges.length > 0;
    for (const { address, family, prefix } of ranges) {
      this.ranges.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
    }
  }

  /** @param address of the other end of a connection; absent when it has gone already */
  includes(address: string | undefined): boolean {
    if (!this.any || address === undefined) return false;
    const plain = plainAddress(address);
    return this.ranges.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  }
}
