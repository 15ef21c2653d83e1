// SPDX-License-Identifier: Apache-2.0

/**
 * Writes something down one time after the other. Whoever asks while it is being written shares the next time with all
 * who ask until then: many workloads that start at once would otherwise wait for the disk once for each of them.
 */
export class SharedWrite {
  readonly #write: () => Promise<void>;
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | undefined;

  /** @param write - writes what is to be written at the moment when it is called */
  constructor(write: () => Promise<void>) {
    this.#write = write;
  }

  /** @returns once something has been written that was begun after this call, or its failure */
  run(): Promise<void> {
    if (this.#next === undefined) {
      this.#next = this.#last.then(() => {
        this.#next = undefined;
        return this.#write();
      });
      this.#last = this.#next.catch(() => undefined);
    }
    return this.#next;
  }
}
