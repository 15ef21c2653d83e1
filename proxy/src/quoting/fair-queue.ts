// SPDX-License-Identifier: Apache-2.0

/**
 * Waiting items of several sources. Items of one source keep their order; sources take turns, so that one that sends
 * much delays itself and not the others.
 */
export class FairQueue<Source, Item> {
  /** In the order of their turns; a source without items is not in it. */
  private readonly lists = new Map<Source, Item[]>();
  private count = 0;

  /** Items that wait. */
  get size(): number {
    return this.count;
  }

  push(source: Source, item: Item): void {
    const list = this.lists.get(source);
    if (list === undefined) this.lists.set(source, [item]);
    else list.push(item);
    this.count += 1;
  }

  /** Takes out at most `most` items. */
  take(most: number): Item[] {
    const taken: Item[] = [];
    while (taken.length < most) {
      const [turn] = this.lists;
      if (turn === undefined) break;
      const [source, list] = turn;
      // To the end of the order.
      this.lists.delete(source);
      taken.push(...list.splice(0, 1));
      if (list.length > 0) this.lists.set(source, list);
    }
    this.count -= taken.length;
    return taken;
  }

  /** @returns whether the item was waiting */
  remove(source: Source, item: Item): boolean {
    const list = this.lists.get(source);
    const at = list?.indexOf(item) ?? -1;
    if (list === undefined || at < 0) return false;
    list.splice(at, 1);
    if (list.length === 0) this.lists.delete(source);
    this.count -= 1;
    return true;
  }
}
