// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyHistogram } from '@proofgate/bench';

test('is empty at first', () => {
  const histogram = new LatencyHistogram();
  expect([histogram.total, histogram.max, histogram.percentile(0.99)]).toEqual([0, 0, 0]);
});

test('knows percentiles of a known distribution', () => {
  const histogram = new LatencyHistogram();
  for (let value = 1; value <= 100; value += 1) histogram.record(value);
  expect([0.5, 0.99, 1].map((fraction) => histogram.percentile(fraction))).toEqual([50, 99, 100]);
});

test('is within 0.8 % of the exact percentile, never below it', () => {
  const values = fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 1 });
  fc.assert(
    fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (sample, fraction) => {
      const histogram = new LatencyHistogram();
      for (const value of sample) histogram.record(value);
      const sorted = [...sample].sort((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(fraction * sorted.length)) - 1] ?? 0;
      const found = histogram.percentile(fraction);
      expect(found).toBeGreaterThanOrEqual(exact);
      expect(found).toBeLessThanOrEqual(exact * 1.008 + 1);
    }),
  );
});
