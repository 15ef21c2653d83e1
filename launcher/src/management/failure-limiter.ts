// SPDX-License-Identifier: Apache-2.0

/** Mistakes that an address may make at once, such as a job that starts with yesterday's token. */
export const FAILURE_BURST = 20;
/** One more every so often: guessing gets nowhere at this pace, a corrected client is back at once. */
export const FAILURE_REFILL_MS = 3_000;
/** Addresses that are remembered; beyond, the one that has been quiet longest is forgotten. */
export const MAX_REMEMBERED_ADDRESSES = 10_000;

interface Bucket {
  readonly left: number;
  readonly at: number;
}

/** Bounds how often tokens from one address may be refused before it has to wait. */
export class FailureLimiter {
  readonly #now: () => number;
  /** In the order of their last failure. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds that an address has to wait; 0 when it need not. */
  waitOf(address: string): number {
    const left = this.#left(networkOf(address));
    return left >= 1 ? 0 : Math.ceil((1 - left) * FAILURE_REFILL_MS);
  }

  /** Notes that a token from an address was refused. */
  failed(address: string): void {
    const network = networkOf(address);
    const left = Math.max(0, this.#left(network) - 1);
    this.#buckets.delete(network);
    this.#buckets.set(network, { left, at: this.#now() });
    const [quietest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_REMEMBERED_ADDRESSES && quietest !== undefined) {
      this.#buckets.delete(quietest);
    }
  }

  #left(network: string): number {
    const bucket = this.#buckets.get(network);
    if (bucket === undefined) return FAILURE_BURST;
    const refilled = (this.#now() - bucket.at) / FAILURE_REFILL_MS;
    return Math.min(FAILURE_BURST, bucket.left + refilled);
  }
}

/** Who has one IPv6 address has at least a /64 of them. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.split('::', 2);
  const first = head === '' ? [] : head.split(':');
  if (tail === undefined) return first.slice(0, 4).join(':');
  const last = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0');
  return [...first, ...zeros, ...last].slice(0, 4).join(':');
}
