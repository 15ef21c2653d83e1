// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import {
  meetsTarget,
  proxyCases,
  renderReport,
  thisMachine,
  type Sample,
  type Samples,
  type ScenarioName,
} from '@proofgate/bench';

const sample = (cpuMicroseconds: number, p99 = 1): Sample[] => [
  { perSecond: 1, p99, cpuMicroseconds },
];

const web: Samples = new Map([
  ['proofgate (web)', sample(20, 2)],
  ['proofgate (tcp)', sample(15)],
  ['proofgate (pair)', sample(21)],
  ['caddy', sample(50, 4)],
  ['nginx', sample(10)],
]);
const idle = new Map([
  ['proofgate (web)', 40],
  ['caddy', 30],
  ['nginx', 12],
]);

test('the report has the rows of what was measured, and says what was not', () => {
  const loads = new Map<ScenarioName, Samples>([
    ['1 KB', web],
    ['gRPC', new Map([['caddy', sample(50)]])],
  ]);
  const { cases, missing } = proxyCases({ loads, idle }, ['caddy', 'nginx']);
  const byName = new Map(cases.map((entry) => [entry.name, entry]));
  expect(byName.get('HTTP/1.1 keep-alive, 1 KB')).toMatchObject({
    ours: 50_000,
    ratios: { caddy: 2.5, nginx: 0.5 },
    target: 2,
    also: { nginx: 0.7 },
  });
  expect(byName.get('tcp route, keep-alive 1 KB')?.ratios['caddy']).toBeCloseTo(50 / 15, 3);
  expect(byName.get('p99 at 64 connections, 1 KB')?.ratios).toMatchObject({ caddy: 0.5 });
  expect(byName.get('idle TLS connections')).toMatchObject({ ours: 40, targetOf: 'value' });
  expect(byName.get('CPU per request of two workers, of one')).toMatchObject({ ours: 1.05 });
  expect(missing).toEqual(['gRPC unary, h2 to h2c']);
  expect(byName.has('HTTP/1.1 keep-alive, 100 KB')).toBe(false);
  const met = cases.filter(meetsTarget).map(({ name }) => name);
  // The ratio to caddy is reached, the one to nginx is not.
  expect(met).not.toContain('HTTP/1.1 keep-alive, 1 KB');
  expect(met).toContain('p99 at 64 connections, 1 KB');
  expect(renderReport({ name: 'proxy', machine: thisMachine(true), cases })).toContain(
    '≥ 2.00, ≥ 0.70  missed',
  );
});

test('what was not asked for has no row', () => {
  const loads = new Map<ScenarioName, Samples>([['100 KB', web]]);
  const { cases, missing } = proxyCases({ loads, idle: undefined }, ['caddy', 'nginx']);
  expect(cases.map(({ name }) => name)).toEqual(['HTTP/1.1 keep-alive, 100 KB']);
  expect(missing).toEqual([]);
});
