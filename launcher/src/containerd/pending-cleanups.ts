// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import { isOutage } from './containerd-error.ts';
import type { ContainerdClient } from './containerd-client.ts';

/** How often what a failed attempt has left is tried to be removed; each attempt waits for containerd to come back. */
const ATTEMPTS = 5;

/** Work that goes on behind a result, so that nothing of a failed attempt is left. */
export class PendingCleanups {
  readonly #client: ContainerdClient;
  readonly #logger: Logger;
  readonly #running = new Set<Promise<void>>();

  constructor(client: ContainerdClient, logger: Logger) {
    this.#client = client;
    this.#logger = logger;
  }

  /**
   * Remembers work on a container until it is done.
   *
   * @returns when it has ended, in whatever way
   */
  track(work: Promise<void>, id: string): Promise<void> {
    const tracked = work.catch((err: unknown) => {
      if (this.#client.closed) return;
      this.#logger.warn({ err, id }, 'something of a container is left');
    });
    this.#running.add(tracked);
    return tracked.finally(() => this.#running.delete(tracked));
  }

  /** The same for work that is tried again while containerd does not answer. */
  async trackPatiently(work: () => Promise<void>, id: string): Promise<void> {
    await this.track(this.#patiently(work), id);
  }

  /** Waits for all of it. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #patiently(work: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await work();
        return;
      } catch (error) {
        if (this.#client.closed || !isOutage(error) || attempt === ATTEMPTS) throw error;
      }
    }
  }
}
