// SPDX-License-Identifier: Apache-2.0

/**
 * Hands out the slots of a network. A slot that was given back is the last to be used again, so that what still knows
 * the old container's address does not reach a new one.
 */
export class SlotPool {
  readonly #count: number;
  readonly #taken = new Set<number>();
  #next: number;

  /**
   * @param count - slots, numbered from 0
   * @param first - where to begin; launchers that share a network begin at different places
   */
  constructor(count: number, first: number) {
    this.#count = count;
    this.#next = first % count;
  }

  /**
   * Takes a free slot.
   *
   * @param occupied - slots that something else uses, such as another launcher
   * @returns the slot, or `undefined` when there is none left
   */
  take(occupied: ReadonlySet<number>): number | undefined {
    for (let tries = 0; tries < this.#count; tries += 1) {
      const slot = this.#next;
      this.#next = (slot + 1) % this.#count;
      if (this.#taken.has(slot) || occupied.has(slot)) continue;
      this.#taken.add(slot);
      return slot;
    }
    return undefined;
  }

  /** Marks a slot as taken, because a container has it already. */
  reserve(slot: number): void {
    this.#taken.add(slot);
  }

  /** Gives a slot back. */
  release(slot: number): void {
    this.#taken.delete(slot);
  }
}
