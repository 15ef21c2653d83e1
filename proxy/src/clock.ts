// SPDX-License-Identifier: Apache-2.0

/** Time as the identities see it; tests bring their own. */
export interface Clock {
  now(): Date;
  /** Calls `action` once, after `ms` milliseconds. @returns cancels it */
  after(ms: number, action: () => void): () => void;
}

/** The machine's clock. */
export const SYSTEM_CLOCK: Clock = {
  now: () => new Date(),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};
