// SPDX-License-Identifier: Apache-2.0

/** How many requests one address may send. */
export interface RequestRateOptions {
  /** In a row. */
  readonly burst: number;
  /** In the long run. */
  readonly perMinute: number;
  readonly clock: () => Date;
}

/** Addresses that are remembered; the longest idle one is forgotten first, with its debts. */
const MAX_ADDRESSES = 4_096;

const MINUTE_MS = 60_000;

/** A token bucket for each address. */
export class RequestRate {
  readonly #options: RequestRateOptions;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(options: RequestRateOptions) {
    this.#options = options;
  }

  /**
   * Counts a request.
   *
   * @returns whether it may be served
   */
  take(address: string): boolean {
    const { burst, perMinute, clock } = this.#options;
    const now = clock().getTime();
    const { tokens, at } = this.#buckets.get(address) ?? { tokens: burst, at: now };
    const filled = Math.min(burst, tokens + ((now - at) / MINUTE_MS) * perMinute);
    const allowed = filled >= 1;
    // Put at the end: the first entry is the one that was idle for longest.
    this.#buckets.delete(address);
    this.#buckets.set(address, { tokens: allowed ? filled - 1 : filled, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_ADDRESSES && oldest !== undefined) this.#buckets.delete(oldest);
    return allowed;
  }
}
