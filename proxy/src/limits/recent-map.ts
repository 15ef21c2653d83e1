// SPDX-License-Identifier: Apache-2.0

/** A map of bounded size: when it is full, what was not used for longest makes room. */
export class RecentMap<Value> {
  private readonly most: number;
  private readonly create: () => Value;
  private readonly entries = new Map<string, Value>();

  /** @param create makes the value of a key that is not there */
  constructor(most: number, create: () => Value) {
    this.most = most;
    this.create = create;
  }

  get size(): number {
    return this.entries.size;
  }

  /** The value of a key, which is the last to go from now on. */
  use(key: string): Value {
    const value = this.take(key) ?? this.create();
    this.put(key, value);
    return value;
  }

  /** Takes a value out. */
  take(key: string): Value | undefined {
    const value = this.entries.get(key);
    this.entries.delete(key);
    return value;
  }

  /** Puts a value in that was taken out. */
  put(key: string, value: Value): void {
    this.entries.set(key, value);
    if (this.entries.size <= this.most) return;
    const [oldest] = this.entries.keys();
    if (oldest !== undefined) this.entries.delete(oldest);
  }
}
