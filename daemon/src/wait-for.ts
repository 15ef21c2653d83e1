// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { DaemonError } from './errors.ts';

/** How long and how often a condition is asked. */
export interface WaitOptions {
  readonly timeoutMs: number;
  /** Pause between two questions; 20 ms unless told. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
  /** What is waited for, as it appears in the error. */
  readonly what?: string;
}

/** Short enough that a person does not notice, long enough to leave the CPU alone. */
export const DEFAULT_WAIT_INTERVAL_MS = 20;

/**
 * Asks a condition until it answers something other than `undefined`, `null` or `false`. A condition that throws ends
 * the wait: it is broken, not late.
 *
 * @returns what the condition answered
 * @throws DaemonError `ERR_DAEMON_WAIT_TIMEOUT`; the signal's reason when it is aborted
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, undefined | null | false>> {
  const {
    timeoutMs,
    intervalMs = DEFAULT_WAIT_INTERVAL_MS,
    signal,
    what = 'the condition',
  } = options;
  const end = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const answer = await condition();
    if (isAnswer(answer)) return answer;
    if (performance.now() >= end) {
      const message = `${what} did not come true within ${String(timeoutMs)} ms`;
      throw new DaemonError('ERR_DAEMON_WAIT_TIMEOUT', message);
    }
    await delay(intervalMs, undefined, signal === undefined ? {} : { signal });
  }
}

function isAnswer<T>(value: T): value is Exclude<T, undefined | null | false> {
  return value !== undefined && value !== null && value !== false;
}
