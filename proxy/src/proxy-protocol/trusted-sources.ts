// SPDX-License-Identifier: Apache-2.0
import type { AddressRange } from '@proofgate/api';
import { addressMatcher } from '../limits/address-matcher.ts';
import { plainAddress } from '../tls/plain-address.ts';

/** Who has to say, with the first bytes of a connection, whose it is. */
export class TrustedSources {
  private readonly isOne: (address: string) => boolean;

  constructor(ranges: readonly AddressRange[]) {
    this.isOne = addressMatcher(ranges);
  }

  /** @param address of the other end of a connection; absent when it has gone already */
  includes(address: string | undefined): boolean {
    return address !== undefined && this.isOne(plainAddress(address));
  }
}
