// SPDX-License-Identifier: Apache-2.0
import { AttesterError } from './errors.ts';

/** How much may wait, and for how long. */
export interface QueueLimits {
  /** Callers that may wait behind the one that is being served. */
  readonly maxWaiting: number;
  /** Milliseconds from the call to the answer, waiting included. */
  readonly deadlineMs: number;
}

interface Job {
  readonly run: () => Promise<void>;
  readonly cancel: AbortSignal;
}

/**
 * Runs one task at a time in the order of the calls. A caller that gives up, or whose deadline passes, is answered
 * at once; the task itself may be inside a system call that cannot be interrupted, so the next one starts only
 * when it has really ended.
 */
export class SerialQueue {
  readonly #limits: QueueLimits;
  #waiting: Job[] = [];
  #busy = false;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /**
   * Waits for its turn, then runs `task`.
   *
   * @param task - the work; its signal aborts when the caller gives up or the deadline passes
   * @param signal - aborts the wait
   * @returns what `task` returns
   * @throws AttesterError `ERR_ATTESTER_QUEUE_FULL`, `ERR_ATTESTER_DEADLINE`, `ERR_ATTESTER_ABORTED`
   */
  async run<T>(task: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted === true) throw aborted(signal);
    if (this.#busy && this.#waiting.length >= this.#limits.maxWaiting) throw this.#full();

    const cancel = new AbortController();
    const onAbort = (): void => {
      if (signal !== undefined) cancel.abort(aborted(signal));
    };
    const deadline = setTimeout(() => {
      cancel.abort(this.#late());
    }, this.#limits.deadlineMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await new Promise<T>((resolve, reject) => {
        cancel.signal.addEventListener('abort', () => {
          reject(asError(cancel.signal.reason));
        });
        this.#enqueue({
          run: async () => {
            try {
              resolve(await task(cancel.signal));
            } catch (error) {
              reject(asError(error));
            }
          },
          cancel: cancel.signal,
        });
      });
    } finally {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #enqueue(job: Job): void {
    job.cancel.addEventListener('abort', () => {
      this.#waiting = this.#waiting.filter((other) => other !== job);
    });
    this.#waiting.push(job);
    this.#next();
  }

  #next(): void {
    if (this.#busy) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    this.#busy = true;
    // `run` settles its caller and never rejects.
    void job.run().finally(() => {
      this.#busy = false;
      this.#next();
    });
  }

  #full(): AttesterError {
    const { maxWaiting } = this.#limits;
    return new AttesterError(
      'ERR_ATTESTER_QUEUE_FULL',
      `${maxWaiting} callers already wait for the platform`,
      { hint: 'try again in a few seconds; the platform makes one report at a time' },
    );
  }

  #late(): AttesterError {
    return new AttesterError(
      'ERR_ATTESTER_DEADLINE',
      `the platform did not answer within ${this.#limits.deadlineMs} ms`,
      { hint: 'look at the load of the host and at its quote generation service' },
    );
  }
}

function aborted(signal: AbortSignal): AttesterError {
  return new AttesterError('ERR_ATTESTER_ABORTED', 'the caller gave up waiting for the platform', {
    cause: signal.reason,
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('not an error', { cause: reason });
}
