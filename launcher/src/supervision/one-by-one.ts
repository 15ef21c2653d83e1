// SPDX-License-Identifier: Apache-2.0

/** Does one thing after the other, in the order in which they are asked for. */
export class OneByOne {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param work - begins when what was asked for before has ended, in whatever way
   * @returns what it returns, or its failure
   */
  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
