// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { compareRounds, median, meetsTarget, renderReport, thisMachine } from '@proofgate/bench';

test('the median is the middle, or between the two in the middle', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([])]).toEqual([2, 2.5, NaN]);
});

const speed = { name: 'speed', unit: 'req/s', better: 'higher', target: 0.5 } as const;
const time = { name: 'time', unit: 'ms', better: 'lower', target: 2 } as const;

test('compares medians and judges by direction', () => {
  const faster = compareRounds(speed, [40, 60, 50], { peer: [100, 101, 99] });
  expect(faster).toEqual({ ...speed, ours: 50, peers: { peer: 100 }, ratios: { peer: 0.5 } });
  expect(meetsTarget(faster)).toBe(true);
  expect(meetsTarget(compareRounds(speed, [49], { peer: [100] }))).toBe(false);
  expect(meetsTarget(compareRounds(time, [2], { peer: [1] }))).toBe(true);
  expect(meetsTarget(compareRounds(time, [2.1], { peer: [1] }))).toBe(false);
});

test('judges our own value where the target is for that', () => {
  const parser = {
    name: 'parser',
    unit: 'µs',
    better: 'lower',
    target: 10,
    targetOf: 'value',
  } as const;
  const met = compareRounds(parser, [10], { peer: [1] });
  expect(meetsTarget(met)).toBe(true);
  expect(meetsTarget(compareRounds(parser, [10.1], { peer: [100] }))).toBe(false);
  const table = renderReport({ name: 'sample', machine: thisMachine(true), cases: [met] });
  expect(table).toMatch(/parser +µs +10 +1 +10\.00 +≤ 10 µs +met/);
});

test('judges nothing where there is no target', () => {
  const aside = compareRounds({ name: 'aside', unit: 'µs', better: 'lower' }, [9], { peer: [1] });
  expect(meetsTarget(aside)).toBe(true);
  const table = renderReport({ name: 'sample', machine: thisMachine(true), cases: [aside] });
  expect(table).toMatch(/aside +µs +9 +1 +9\.00$/m);
});

test('shows a table with both directions', () => {
  const cases = [
    compareRounds(speed, [40], { peer: [100] }),
    compareRounds(time, [1], { peer: [1] }),
  ];
  const table = renderReport({ name: 'sample', machine: thisMachine(true), cases });
  expect(table).toMatch(/^sample on .* pinned\n/);
  expect(table).toMatch(/speed +req\/s +40 +100 +0\.40 +≥ 0\.50 +missed/);
  expect(table).toMatch(/time +ms +1 +1 +1\.00 +≤ 2\.00 +met/);
});

test('shows cases with other peers in another table', () => {
  const cases = [
    compareRounds(time, [1], { peer: [1] }),
    compareRounds({ ...time, name: 'other' }, [4], { first: [2], second: [1] }),
    compareRounds({ ...time, name: 'again' }, [2], { peer: [1] }),
  ];
  const table = renderReport({ name: 'sample', machine: thisMachine(true), cases });
  const [, , ...lines] = table.split('\n');
  expect(lines.map((line) => line.split(/ +/)[0])).toEqual([
    ...['case', 'time', 'again', ''],
    ...['case', 'other', ''],
  ]);
  expect(table).toMatch(/other +ms +4 +2 +2\.00 +1 +4\.00 +≤ 2\.00 +met/);
});
