// SPDX-License-Identifier: Apache-2.0
import type { AddressRange } from '@proofgate/api';
import { addressKey } from '../limits/address-key.ts';
import { addressMatcher } from '../limits/address-matcher.ts';
import { Meter } from '../limits/meter.ts';
import { RecentMap } from '../limits/recent-map.ts';

/** How often sessions may ask for evidence, a second, all workers together. */
export interface QuoteRateLimits {
  readonly perAddress: number;
  /** Absent without a bound. */
  readonly perHost: number | undefined;
  /** Addresses that `perAddress` does not bound. */
  readonly exempt: readonly AddressRange[];
}

/** Addresses and hosts that are remembered for what they have used up: some 200 bytes each. */
const MAX_REMEMBERED = 16_384;

/** Counts questions for evidence. */
export class QuoteRates {
  private readonly limits: QuoteRateLimits;
  private readonly isExempt: (address: string) => boolean;
  private readonly addresses = new RecentMap(MAX_REMEMBERED, () => new Meter());
  private readonly hosts = new RecentMap(MAX_REMEMBERED, () => new Meter());

  constructor(limits: QuoteRateLimits) {
    this.limits = limits;
    this.isExempt = addressMatcher(limits.exempt);
  }

  /** @returns false when one more is too many */
  take(address: string, hostname: string, now: number): boolean {
    const { perAddress, perHost } = this.limits;
    const allowed =
      this.isExempt(address) || this.addresses.use(addressKey(address)).take(perAddress, now);
    return allowed && (perHost === undefined || this.hosts.use(hostname).take(perHost, now));
  }
}
