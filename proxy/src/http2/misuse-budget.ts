// SPDX-License-Identifier: Apache-2.0

/** How much of something a connection may do at once, and how fast it may go on. */
export interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}

/** Counts what costs us more than the client, and forgives it with time. */
export class MisuseBudget {
  private readonly allowance: Allowance;
  private readonly monotonicMs: () => number;
  private spent = 0;
  private countedAt: number;

  constructor(allowance: Allowance, monotonicMs: () => number) {
    this.allowance = allowance;
    this.monotonicMs = monotonicMs;
    this.countedAt = monotonicMs();
  }

  /** Counts one. @returns whether that was too many */
  spend(): boolean {
    const now = this.monotonicMs();
    const forgiven = ((now - this.countedAt) / 1_000) * this.allowance.perSecond;
    this.spent = Math.max(0, this.spent - forgiven) + 1;
    this.countedAt = now;
    return this.spent > this.allowance.burst;
  }
}
