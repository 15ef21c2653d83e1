// SPDX-License-Identifier: Apache-2.0

/** Somebody who waits for a piece of work. */
export interface Waiter<Progress> {
  /** Work of another kind with the same key is not joined: what becomes of it decides about nobody else's. */
  readonly kind: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** Does a piece of work. Reports progress later than it returns. */
export type Work<Result, Progress> = (
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
) => Promise<Result>;

interface Running<Result, Progress> {
  readonly kind: string;
  readonly result: Promise<Result>;
  readonly controller: AbortController;
  readonly waiters: Set<Waiter<Progress>>;
  readonly last: { progress?: Progress };
}

/** Work that is done once, however many want it at the same time. It goes on as long as anybody waits for it. */
export class SharedWork<Result, Progress> {
  readonly #running = new Map<string, Running<Result, Progress>>();

  /**
   * Joins the work with this key, or starts it. Work of another kind is waited for first.
   *
   * @throws whatever the work throws; the reason of the waiter's signal
   */
  async join(key: string, waiter: Waiter<Progress>, work: Work<Result, Progress>): Promise<Result> {
    for (;;) {
      waiter.signal.throwIfAborted();
      const running = this.#running.get(key) ?? this.#start(key, waiter.kind, work);
      if (running.kind === waiter.kind && !running.controller.signal.aborted) {
        return await waitFor(running, waiter);
      }
      await untilAborted(settled(running.result), waiter.signal);
    }
  }

  /** Resolves when work that nobody waits for any more has ended. */
  async abandonedDone(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const running = this.#running.get(key);
      if (running?.waiters.size === 0) await settled(running.result);
    }
  }

  #start(key: string, kind: string, work: Work<Result, Progress>): Running<Result, Progress> {
    const controller = new AbortController();
    const waiters = new Set<Waiter<Progress>>();
    const last: { progress?: Progress } = {};
    const result = work(controller.signal, (progress) => {
      last.progress = progress;
      for (const { onProgress } of waiters) onProgress(progress);
    }).finally(() => {
      this.#running.delete(key);
    });
    // Everybody may have stopped waiting before it fails.
    result.catch(() => undefined);
    const running = { kind, result, controller, waiters, last };
    this.#running.set(key, running);
    return running;
  }
}

async function waitFor<Result, Progress>(
  running: Running<Result, Progress>,
  waiter: Waiter<Progress>,
): Promise<Result> {
  running.waiters.add(waiter);
  try {
    if (running.last.progress !== undefined) waiter.onProgress(running.last.progress);
    return await untilAborted(running.result, waiter.signal);
  } finally {
    running.waiters.delete(waiter);
    if (running.waiters.size === 0) running.controller.abort(waiter.signal.reason);
  }
}

/** The promise, or the signal's reason as soon as it is aborted. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => {
      resolve(undefined);
    };
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    const first = await Promise.race([promise.then((value) => ({ value })), aborted]);
    if (first !== undefined) return first.value;
    throw signal.reason;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function settled(promise: Promise<unknown>): Promise<void> {
  await promise.catch(() => undefined);
}
