// SPDX-License-Identifier: Apache-2.0

/**
 * Remembers what was computed from a text. It holds results of parsing and importing, never of a decision: what goes
 * in depends on the key alone. The oldest entry makes room, so that made-up keys cannot fill memory.
 */
export class BoundedCache<Value> {
  readonly #limit: number;
  readonly #entries = new Map<string, Promise<Value>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws what `make` throws; failures are not kept */
  async get(key: string, make: () => Promise<Value>): Promise<Value> {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#entries.set(key, made);
    made.catch(() => this.#entries.delete(key));
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#limit && oldest !== undefined) this.#entries.delete(oldest);
    return made;
  }
}
