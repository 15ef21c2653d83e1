// SPDX-License-Identifier: Apache-2.0

/** How many seconds' worth may come at once: a page with all its parts, a queue that was held up elsewhere. */
export const BURST_SECONDS = 5;

/** A sender is shut out no longer than this for what it has sent already, however much that was. */
export const MAX_DEBT_MS = 60_000;

const BURST_MS = BURST_SECONDS * 1_000;

/**
 * How much of a rate is used up, as one number: the moment at which everything that was taken would be paid for. A bucket
 * of tokens that fills by the second says the same with two.
 */
export class Meter {
  private paidAt = Number.NEGATIVE_INFINITY;

  /** Takes one, if the rate allows it. @param now milliseconds of a clock that only goes forward */
  take(perSecond: number, now: number): boolean {
    const paidAt = Math.max(this.paidAt, now) + 1_000 / perSecond;
    if (paidAt - now > BURST_MS) return false;
    this.paidAt = paidAt;
    return true;
  }

  /** Takes what cannot be refused any more. */
  charge(units: number, perSecond: number, now: number): void {
    const paidAt = Math.max(this.paidAt, now) + (units * 1_000) / perSecond;
    this.paidAt = Math.min(paidAt, now + BURST_MS + MAX_DEBT_MS);
  }

  /** Whether more was charged than the rate allows. */
  isOver(now: number): boolean {
    return this.paidAt - now > BURST_MS;
  }
}
