// SPDX-License-Identifier: Apache-2.0
import { thisMachine } from '@proofgate/bench';
import { expect, it } from 'vitest';
import { additions, benchCa } from '../src/ca/bench-ca.ts';

it('measures every way to make a leaf', async () => {
  const pace = { rounds: 1, roundMs: 20 };
  const report = await benchCa({ pace, at: new Date(), onProgress: () => undefined });
  const { cases } = report;
  expect(cases).toHaveLength(3);
  for (const { ours, ratios } of cases) {
    expect(ours).toBeGreaterThan(0);
    expect(ratios['@peculiar/x509']).toBeGreaterThan(0);
  }
  expect(cases.filter(({ target }) => target !== undefined)).toHaveLength(1);
  expect(additions(report)).toMatch(/SecureContext: adds -?\d+ µs.*\n.*quote: adds -?\d+ µs/);
});

it('says what a case adds', () => {
  const entry = { unit: 'leaves/s', better: 'higher', peers: {}, ratios: {} } as const;
  const cases = [
    { ...entry, name: 'leaf', ours: 2_500 },
    { ...entry, name: 'more', ours: 1_000 },
  ];
  expect(additions({ name: 'ca', machine: thisMachine(false), cases })).toBe(
    'more: adds 600 µs to a leaf\n',
  );
});
