// SPDX-License-Identifier: Apache-2.0
import { isIPv6 } from 'node:net';

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

/** Half of an IPv6 address in groups of 16 bits: whoever has one of a /64 has all of them. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/** A token bucket for each IPv4 address and each IPv6 network. */
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
    const payer = payerOf(address);
    const { tokens, at } = this.#buckets.get(payer) ?? { tokens: burst, at: now };
    // A clock that was set back takes nothing away.
    const elapsed = Math.max(0, now - at);
    const filled = Math.min(burst, tokens + (elapsed / MINUTE_MS) * perMinute);
    const allowed = filled >= 1;
    // Put at the end: the first entry is the one that was idle for longest.
    this.#buckets.delete(payer);
    this.#buckets.set(payer, { tokens: allowed ? filled - 1 : filled, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_ADDRESSES && oldest !== undefined) this.#buckets.delete(oldest);
    return allowed;
  }
}

/** Whose bucket pays: an IPv4 address, also one that is written as IPv6, or the /64 of an IPv6 address. */
function payerOf(address: string): string {
  const [bare = ''] = address.toLowerCase().split('%');
  if (!isIPv6(bare)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/u.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = bare.split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const zeros = new Array<number>(Math.max(0, GROUPS - before.length - after.length)).fill(0);
  const network = [...before, ...zeros, ...after].slice(0, NETWORK_GROUPS);
  return `${network.map((group) => group.toString(16)).join(':')}::/64`;
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => parseInt(group, 16));
}
