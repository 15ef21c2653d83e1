// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import {
  browserCases,
  CONTENDERS,
  measureRates,
  nodeCases,
  type ContenderName,
  type Operation,
} from '@proofgate/bench';

const forAll = <T>(make: (name: ContenderName) => T): Record<ContenderName, T> =>
  // One entry for each name.
  Object.fromEntries(CONTENDERS.map((name) => [name, make(name)])) as Record<ContenderName, T>;

test('rounds are interleaved and change their order; the first is not counted', async () => {
  const order: ContenderName[] = [];
  const operations = forAll<Operation>((name) => () => {
    if (order.at(-1) !== name) order.push(name);
  });
  const rates = await measureRates(operations, { rounds: 2, roundMs: 1 });
  const there = [...CONTENDERS];
  const back = there.toReversed();
  // Whoever ends one round begins the next.
  expect(order).toEqual([...there, ...back.slice(1), ...there.slice(1)]);
  for (const name of CONTENDERS) {
    expect(rates[name]).toHaveLength(2);
    expect(Math.min(...rates[name])).toBeGreaterThan(0);
  }
});

test('an operation that takes time is waited for', async () => {
  const operations = forAll<Operation>((name) =>
    name === 'full' ? () => new Promise((resolve) => setImmediate(resolve)) : () => undefined,
  );
  const rates = await measureRates(operations, { rounds: 1, roundMs: 5 });
  expect(rates.full[0] ?? Infinity).toBeLessThan((rates.parser[0] ?? 0) / 2);
});

test('an operation that fails ends the measurement', async () => {
  const operations = forAll<Operation>((name) =>
    name === 'peerFull'
      ? () => {
          throw new Error('refused');
        }
      : () => undefined,
  );
  await expect(measureRates(operations, { rounds: 1, roundMs: 1 })).rejects.toThrow('refused');
});

test('rates become cases with ratios, and times for the parser', () => {
  const rates = {
    ...forAll(() => [100]),
    prepared: [1000, 900, 1100],
    parser: [200_000],
    peerParser: [100_000],
  };
  const [prepared, , full, parser] = nodeCases(rates);
  expect(prepared).toEqual({
    name: 'prepared collateral',
    unit: 'quotes/s',
    better: 'higher',
    target: 5,
    ours: 1000,
    peers: { 'dcap-qvl': 100 },
    ratios: { 'dcap-qvl': 10 },
  });
  expect(full?.ratios).toEqual({ 'dcap-qvl': 1 });
  expect(parser).toMatchObject({ unit: 'µs', ours: 5, peers: { 'dcap-qvl': 10 }, target: 10 });
  expect(browserCases(rates).map(({ name }) => name)).toEqual([
    'browser: prepared collateral',
    'browser: full',
  ]);
});
