// SPDX-License-Identifier: Apache-2.0
import { DaemonError } from './errors.ts';

/** How waits grow from one attempt to the next. */
export interface BackoffOptions {
  /** First wait, above 0. */
  readonly initialMs: number;
  /** No wait is longer. */
  readonly maxMs: number;
  /** What a wait is multiplied with; 2 unless told. */
  readonly factor?: number;
  /** Share of a wait, 0 to 1, that chance takes away; 0.2 unless told, so that many clients do not return together. */
  readonly jitter?: number;
  /** Source of chance, 0 ≤ x < 1. */
  readonly random?: () => number;
}

/** A sequence of waits in milliseconds. */
export interface Backoff {
  next(): number;
  /** Starts again from the first wait. */
  reset(): void;
}

/**
 * Waits that grow from `initialMs` to `maxMs`.
 *
 * @throws DaemonError `ERR_DAEMON_BACKOFF` when the options cannot give such a sequence
 * @example
 * const waits = backoff({ initialMs: 100, maxMs: 1_000, jitter: 0 });
 * waits.next(); // 100
 * waits.next(); // 200
 */
export function backoff(options: BackoffOptions): Backoff {
  const { initialMs, maxMs, factor = 2, jitter = 0.2, random = Math.random } = options;
  const sound = initialMs > 0 && maxMs >= initialMs && Number.isFinite(maxMs) && factor >= 1;
  if (!sound || !(jitter >= 0 && jitter <= 1)) {
    throw new DaemonError('ERR_DAEMON_BACKOFF', 'backoff options are out of range', {
      expected: '0 < initialMs ≤ maxMs < Infinity, factor ≥ 1, 0 ≤ jitter ≤ 1',
      seen: JSON.stringify({ initialMs, maxMs, factor, jitter }),
    });
  }
  let wait = initialMs;
  return {
    next: () => {
      const current = wait;
      wait = Math.min(maxMs, wait * factor);
      return Math.round(current * (1 - jitter * random()));
    },
    reset: () => {
      wait = initialMs;
    },
  };
}
