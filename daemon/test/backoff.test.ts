// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { backoff } from '@proofgate/daemon';

const take = (count: number, next: () => number): number[] => Array.from({ length: count }, next);

describe('backoff', () => {
  test('doubles up to its limit and starts again after a reset', () => {
    const waits = backoff({ initialMs: 100, maxMs: 500, jitter: 0 });
    expect(take(5, () => waits.next())).toEqual([100, 200, 400, 500, 500]);
    waits.reset();
    expect(waits.next()).toBe(100);
  });

  test('takes away at most its jitter', () => {
    const least = backoff({ initialMs: 100, maxMs: 100, jitter: 0.5, random: () => 0.999_999 });
    const most = backoff({ initialMs: 100, maxMs: 100, jitter: 0.5, random: () => 0 });
    expect([least.next(), most.next()]).toEqual([50, 100]);
  });

  test('grows by its factor', () => {
    const waits = backoff({ initialMs: 10, maxMs: 1_000, factor: 3, jitter: 0 });
    expect(take(3, () => waits.next())).toEqual([10, 30, 90]);
  });

  test.each([
    { initialMs: 0, maxMs: 1 },
    { initialMs: 2, maxMs: 1 },
    { initialMs: 1, maxMs: Infinity },
    { initialMs: Number.NaN, maxMs: 1 },
    { initialMs: 1, maxMs: 1, factor: 0.5 },
    { initialMs: 1, maxMs: 1, jitter: 1.1 },
    { initialMs: 1, maxMs: 1, jitter: -0.1 },
  ])('refuses %j', (options) => {
    const refusal = expect.objectContaining({
      code: 'ERR_DAEMON_BACKOFF',
      family: 'misuse',
    }) as unknown;
    expect(() => backoff(options)).toThrow(refusal);
  });
});
