// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff, type Backoff } from '@proofgate/daemon';
import { RegistryUnavailable } from './registry-fault.ts';
import type { RegistryTiming } from './registry-timing.ts';

/** Tries again what failed for reasons that pass. */
export class Retry {
  readonly #timing: RegistryTiming;
  readonly #waits: Backoff;
  #left: number;

  /** @param random - uniform in [0, 1) */
  constructor(timing: RegistryTiming, random: () => number) {
    const { firstWaitMs: initialMs, maxWaitMs: maxMs, tries } = timing;
    this.#timing = timing;
    this.#waits = backoff({ initialMs, maxMs, random });
    this.#left = tries - 1;
  }

  /** There was progress: the count begins anew. */
  reset(): void {
    this.#left = this.#timing.tries - 1;
    this.#waits.reset();
  }

  /**
   * Waits before another try; longer if the registry asked for it, within reason.
   *
   * @throws the error, when it does not pass by itself or there were enough tries; the signal's reason
   */
  async pauseAfter(error: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!(error instanceof RegistryUnavailable) || this.#left <= 0) throw error;
    this.#left -= 1;
    const asked = Math.min(error.retryAfterMs ?? 0, this.#timing.maxWaitMs);
    await sleep(Math.max(this.#waits.next(), asked), undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
  }

  /** Does something until it works. */
  async until<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        await this.pauseAfter(error, signal);
      }
    }
  }
}
