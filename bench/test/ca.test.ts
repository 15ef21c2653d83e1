// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { benchCa } from '../src/ca/bench-ca.ts';

it('measures every way to make a leaf', async () => {
  const pace = { rounds: 1, roundMs: 20 };
  const { cases } = await benchCa({ pace, at: new Date(), onProgress: () => undefined });
  expect(cases).toHaveLength(3);
  for (const { ours, ratios } of cases) {
    expect(ours).toBeGreaterThan(0);
    expect(ratios['@peculiar/x509']).toBeGreaterThan(0);
  }
});
