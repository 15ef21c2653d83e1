// SPDX-License-Identifier: Apache-2.0

/** What a container may print in the long run: far more than anybody reads, and little for a disk. */
export const LOG_BYTES_PER_SECOND: number = 1024 * 1024;

/** What it may print at once, such as a long trace at the start. */
export const LOG_BURST_BYTES: number = 4 * 1024 * 1024;

/** Bounds how many bytes pass, with room for bursts. */
export class LogRate {
  readonly #perSecond: number;
  readonly #burst: number;
  #credit: number;
  #at: number;

  /**
   * @param perSecond - bytes in the long run
   * @param burst - bytes at once
   * @param now - monotonic milliseconds
   */
  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#credit = burst;
    this.#at = now;
  }

  /**
   * Asks to pass.
   *
   * @param bytes - how many
   * @param now - monotonic milliseconds
   * @returns whether they may
   */
  take(bytes: number, now: number): boolean {
    const earned = ((now - this.#at) / 1_000) * this.#perSecond;
    this.#credit = Math.min(this.#burst, this.#credit + Math.max(0, earned));
    this.#at = now;
    if (this.#credit < bytes) return false;
    this.#credit -= bytes;
    return true;
  }
}
