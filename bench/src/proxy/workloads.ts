// SPDX-License-Identifier: Apache-2.0
import type { LoadPlan } from '../load/load-plan.ts';
import type { CaseDescription } from '../report/bench-report.ts';
import { payload } from '../targets/payload-handler.ts';
import type { Sample } from './measure-target.ts';

/** Clients at a time, as in the measurements that the targets come from. */
const CONNECTIONS = 64;

/** What a run's length depends on. */
export interface Pace {
  readonly rounds: number;
  readonly keepAliveMs: number;
  readonly newConnectionMs: number;
}

/** Enough for medians that repeat within some percent. */
export const FULL: Pace = { rounds: 7, keepAliveMs: 3_000, newConnectionMs: 2_000 };

/** Enough to see that it works and roughly how fast. */
export const QUICK: Pace = { rounds: 2, keepAliveMs: 700, newConnectionMs: 700 };

/** One kind of load, and which of its numbers are reported. */
export interface Workload {
  readonly name: string;
  readonly plan: (
    pace: Pace,
  ) => Pick<LoadPlan, 'path' | 'expectedBody' | 'connections' | 'mode' | 'until'>;
  readonly cases: readonly (CaseDescription & { readonly value: keyof Sample })[];
}

/**
 * The peer does without a second hop, a second HTTP parser and evidence in its certificates, so ratios of 1 are out of
 * reach; the targets say what all of that may cost.
 *
 * One load generator cannot always keep a target busy, handshakes least of all: rates are then its own. CPU time for
 * each request does not depend on it.
 */
export const WORKLOADS: readonly Workload[] = [
  {
    name: '1 KiB, keep-alive',
    plan: ({ keepAliveMs }) => keepAlive(1024, keepAliveMs),
    cases: [
      { name: 'requests, 1 KiB', unit: 'req/s', better: 'higher', target: 0.5, value: 'perSecond' },
      { name: 'latency p50, 1 KiB', unit: 'ms', better: 'lower', target: 2, value: 'p50' },
      { name: 'latency p99, 1 KiB', unit: 'ms', better: 'lower', target: 3, value: 'p99' },
      {
        name: 'CPU, 1 KiB',
        unit: 'µs/req',
        better: 'lower',
        target: 2.2,
        value: 'cpuMicroseconds',
      },
      { name: 'memory, all processes', unit: 'MiB', better: 'lower', target: 4, value: 'rssMiB' },
    ],
  },
  {
    name: '100 KiB, keep-alive',
    plan: ({ keepAliveMs }) => keepAlive(100 * 1024, keepAliveMs),
    cases: [
      {
        name: 'requests, 100 KiB',
        unit: 'req/s',
        better: 'higher',
        target: 0.5,
        value: 'perSecond',
      },
      {
        name: 'CPU, 100 KiB',
        unit: 'µs/req',
        better: 'lower',
        target: 2.2,
        value: 'cpuMicroseconds',
      },
    ],
  },
  {
    name: 'new connections',
    plan: ({ newConnectionMs }) => ({
      ...keepAlive(64, newConnectionMs),
      mode: 'new-connection',
    }),
    cases: [
      { name: 'handshakes', unit: 'conn/s', better: 'higher', target: 0.7, value: 'perSecond' },
      {
        name: 'CPU, handshake',
        unit: 'µs/conn',
        better: 'lower',
        target: 1.5,
        value: 'cpuMicroseconds',
      },
    ],
  },
];

function keepAlive(bytes: number, milliseconds: number): ReturnType<Workload['plan']> {
  return {
    path: `/bytes/${String(bytes)}`,
    expectedBody: payload(bytes),
    connections: CONNECTIONS,
    mode: 'keep-alive',
    until: { milliseconds },
  };
}
