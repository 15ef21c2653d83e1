// SPDX-License-Identifier: Apache-2.0
import {
  compareRounds,
  median,
  type BenchCase,
  type CaseDescription,
} from '../report/bench-report.ts';
import type { Sample, Samples } from './measure-rounds.ts';
import type { ScenarioName } from './scenarios.ts';

/** Our instances under this name in all cases; which of them it is, is said by the case. */
export const OURS = 'proofgate';

/** What was measured. */
export interface Measurements {
  /** The samples of each load. */
  readonly loads: ReadonlyMap<ScenarioName, Samples>;
  /** KB for each idle connection by contender. */
  readonly idle: ReadonlyMap<string, number> | undefined;
}

interface RowOfLoad extends CaseDescription {
  readonly load: ScenarioName;
  readonly instance: 'web' | 'tcp' | 'grpc';
  readonly value: (sample: Sample) => number;
}

/** What one core does in a second if nothing else holds it up. */
const ofOneCore = ({ cpuMicroseconds }: Sample): number => 1_000_000 / cpuMicroseconds;

const rate = { unit: 'per core and s', better: 'higher', value: ofOneCore } as const;

const ROWS: readonly RowOfLoad[] = [
  {
    ...{ name: 'HTTP/1.1 keep-alive, 1 KB', load: '1 KB', instance: 'web' },
    ...rate,
    target: 2,
    also: { nginx: 0.7 },
  },
  {
    ...{ name: 'HTTP/1.1 keep-alive, 100 KB', load: '100 KB', instance: 'web' },
    ...rate,
    target: 1.3,
    also: { nginx: 1 },
  },
  {
    ...{ name: 'tcp route, keep-alive 1 KB', load: '1 KB', instance: 'tcp' },
    ...rate,
    target: 2.5,
    also: { nginx: 0.9 },
  },
  {
    ...{ name: 'WebSocket echo, 64 B messages', load: 'WebSocket', instance: 'web' },
    ...rate,
    target: 0.8,
  },
  {
    ...{ name: 'new TLS connection per request', load: 'new connections', instance: 'web' },
    ...rate,
    target: 0.95,
  },
  {
    ...{ name: 'gRPC unary, h2 to h2c', load: 'gRPC', instance: 'grpc' },
    ...rate,
    target: 1.2,
  },
  {
    ...{ name: 'HTTP/2, 8 connections × 16 streams, 1 KB', load: 'HTTP/2', instance: 'web' },
    ...rate,
    target: 2.2,
  },
  {
    ...{ name: 'p99 at 64 connections, 1 KB', load: '1 KB', instance: 'web' },
    ...{ unit: 'ms', better: 'lower', value: ({ p99 }: Sample) => p99 },
    target: 1,
  },
];

/**
 * The rows of the report.
 *
 * @param peers in the order of the report
 * @returns rows of what was measured, and names of those that we could not take part in
 */
export function proxyCases(
  { loads, idle }: Measurements,
  peers: readonly string[],
): { readonly cases: BenchCase[]; readonly missing: string[] } {
  const cases: BenchCase[] = [];
  const missing: string[] = [];
  for (const { load, instance, value, ...description } of ROWS) {
    const samples = loads.get(load);
    if (samples === undefined) continue;
    const ours = samples.get(`${OURS} (${instance})`);
    if (ours === undefined) {
      missing.push(description.name);
      continue;
    }
    const others = peers.map((peer) => [peer, (samples.get(peer) ?? []).map(value)] as const);
    cases.push(compareRounds(description, ours.map(value), Object.fromEntries(others)));
  }
  if (idle !== undefined) cases.push(idleMemory(idle, peers));
  const oneKilobyte = loads.get('1 KB');
  if (oneKilobyte !== undefined) cases.push(secondWorker(oneKilobyte));
  return { cases, missing };
}

function idleMemory(idle: ReadonlyMap<string, number>, peers: readonly string[]): BenchCase {
  const others = peers.map((peer) => [peer, [idle.get(peer) ?? NaN]] as const);
  return compareRounds(
    {
      ...{ name: 'idle TLS connections', unit: 'KB each', better: 'lower' },
      ...{ target: 45, targetOf: 'value' },
    },
    [idle.get(`${OURS} (web)`) ?? NaN],
    Object.fromEntries(others),
  );
}

/** What a request costs with two workers beside what it costs with one; there are no peers to this. */
function secondWorker(samples: Samples): BenchCase {
  const cost = (instance: string): number[] =>
    (samples.get(`${OURS} (${instance})`) ?? []).map(({ cpuMicroseconds }) => cpuMicroseconds);
  const ratio = median(cost('pair')) / median(cost('web'));
  return compareRounds(
    {
      ...{ name: 'CPU per request of two workers, of one', unit: '×', better: 'lower' },
      ...{ target: 1.05, targetOf: 'value' },
    },
    [ratio],
    {},
  );
}
