// SPDX-License-Identifier: Apache-2.0

/**
 * One deadline that is moved and lifted many times, for a connection that carries many requests. Moving it costs two
 * assignments: the timer behind it is only ever started anew when it fires too early, or would fire too late.
 */
export class Deadline {
  private readonly now: () => number;
  private readonly onExpired: () => void;
  private at = Number.POSITIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private timerAt = 0;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(now: () => number, onExpired: () => void) {
    this.now = now;
    this.onExpired = onExpired;
  }

  /** Expires once, after this time, unless it is moved or lifted before. */
  set(ms: number): void {
    const now = this.now();
    this.at = now + ms;
    if (this.timer !== undefined && this.timerAt <= this.at) return;
    clearTimeout(this.timer);
    this.start(now, ms);
  }

  /** Lifts it. */
  lift(): void {
    this.at = Number.POSITIVE_INFINITY;
  }

  /** Lifts it for good. */
  stop(): void {
    this.lift();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private start(now: number, ms: number): void {
    this.timerAt = now + ms;
    this.timer = setTimeout(() => this.onTimer(), ms);
  }

  private onTimer(): void {
    this.timer = undefined;
    if (this.at === Number.POSITIVE_INFINITY) return;
    const now = this.now();
    // A timer of Node may fire up to a millisecond early.
    if (this.at - now >= 1) {
      this.start(now, this.at - now);
      return;
    }
    this.lift();
    this.onExpired();
  }
}
