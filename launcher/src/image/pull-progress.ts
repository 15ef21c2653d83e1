// SPDX-License-Identifier: Apache-2.0
import type { Descriptor } from './verified-image.ts';

/** How far a pull is, in bytes of packed layers. */
export interface PullProgress {
  readonly done: number;
  readonly total: number;
}

/** Adds up the progress of layers. */
export class ProgressSum {
  readonly #total: number;
  readonly #done = new Map<string, number>();
  readonly #report: (progress: PullProgress) => void;

  constructor(layers: readonly Descriptor[], report: (progress: PullProgress) => void) {
    this.#total = layers.reduce((sum, { size }) => sum + size, 0);
    this.#report = report;
  }

  /** So many bytes of a layer are there. */
  set(digest: string, bytes: number): void {
    this.#done.set(digest, bytes);
    const done = [...this.#done.values()].reduce((sum, count) => sum + count, 0);
    this.#report({ done, total: this.#total });
  }
}
