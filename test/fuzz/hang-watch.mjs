// SPDX-License-Identifier: Apache-2.0
// Plain JavaScript, because a thread that Node itself starts reads it too, and a test runs it in a process of its own.
import { Worker } from 'node:worker_threads';

/** Time by the clock. An input has a quarter of a second of processor time; a busy machine makes that seconds. */
const MAX_HANG_MS = 60_000;
/** Largest input that is kept for the report; the largest in a corpus is an event log of some ten KiB. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** Words of what both threads see: how many inputs began, 0 when none is under way, and the size of the last one. */
export const COUNT = 0;
export const SIZE = 1;
export const HEAD_WORDS = 2;

/**
 * Watches from another thread whether one input keeps a parser busy for ever. Nothing in the thread of the parser can:
 * no timer of its own fires there any more, nor one of the test runner. The watching thread writes the input to standard
 * error and ends the process.
 */
export class HangWatch {
  #shared = new SharedArrayBuffer(HEAD_WORDS * Int32Array.BYTES_PER_ELEMENT + MAX_KEPT_BYTES);
  #head = new Int32Array(this.#shared, 0, HEAD_WORDS);
  #kept = new Uint8Array(this.#shared, HEAD_WORDS * Int32Array.BYTES_PER_ELEMENT);
  #inputs = 0;
  #worker;

  /**
   * @param {string} what what is fed, and how to do it again
   * @param {number} limitMs
   */
  constructor(what, limitMs = MAX_HANG_MS) {
    this.#worker = new Worker(new URL('hang-watcher.mjs', import.meta.url), {
      workerData: { shared: this.#shared, what, limitMs },
      // Not those of a test runner.
      execArgv: [],
    });
    this.#worker.unref();
  }

  /** @param {Uint8Array} input that is read from now on */
  begin(input) {
    const kept = input.subarray(0, MAX_KEPT_BYTES);
    this.#kept.set(kept);
    Atomics.store(this.#head, SIZE, kept.length);
    this.#inputs += 1;
    Atomics.store(this.#head, COUNT, this.#inputs);
  }

  /** Ends watching. */
  async end() {
    Atomics.store(this.#head, COUNT, 0);
    await this.#worker.terminate();
  }
}
