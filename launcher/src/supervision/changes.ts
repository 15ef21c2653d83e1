// SPDX-License-Identifier: Apache-2.0

/** Lets those who wait for something look again whenever anything has changed. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  /** Something has changed. */
  notify(): void {
    for (const look of [...this.#waiting]) look();
  }

  /**
   * Waits until something can be found.
   *
   * @param find - looks; `undefined` is to wait on
   * @param signal - ends the waiting
   * @returns what was found
   * @throws the reason of the signal; whatever `find` throws
   */
  until<T>(find: () => T | undefined, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(look);
        signal.removeEventListener('abort', giveUp);
      };
      const giveUp = (): void => {
        leave();
        reject(asError(signal.reason));
      };
      const look = (): void => {
        try {
          const found = find();
          if (found === undefined) return;
          leave();
          resolve(found);
        } catch (error) {
          leave();
          reject(asError(error));
        }
      };
      if (signal.aborted) {
        giveUp();
        return;
      }
      this.#waiting.add(look);
      signal.addEventListener('abort', giveUp, { once: true });
      look();
    });
  }
}

/**
 * Waits for something that cannot be told to give up.
 *
 * @param event - what is waited for
 * @param signal - ends the waiting, not the event
 * @returns what the event brings
 * @throws the reason of the signal
 */
export async function abortable<T>(event: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let giveUp: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    giveUp = () => {
      reject(asError(signal.reason));
    };
    signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([event, aborted]);
  } finally {
    if (giveUp !== undefined) signal.removeEventListener('abort', giveUp);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
