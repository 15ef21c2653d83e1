// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../src/clock.ts';

/** A clock that moves when a test says so. */
export class FakeClock implements Clock {
  private at: number;
  private timers: { readonly due: number; readonly action: () => void }[] = [];

  constructor(at: Date) {
    this.at = at.getTime();
  }

  now(): Date {
    return new Date(this.at);
  }

  after(ms: number, action: () => void): () => void {
    const timer = { due: this.at + ms, action };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Moves on, and lets each timer that becomes due run at its time, with what it starts. */
  async advance(ms: number): Promise<void> {
    const end = this.at + ms;
    for (;;) {
      const [next] = this.timers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (next === undefined) break;
      this.at = next.due;
      this.timers = this.timers.filter((timer) => timer !== next);
      next.action();
      await settle();
    }
    this.at = end;
    await settle();
  }
}

/** Lets everything that only waits for other promises finish. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
