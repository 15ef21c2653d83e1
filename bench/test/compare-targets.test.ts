// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { compareTargets, type Comparison, type LoadPlan, type LoadResult } from '@proofgate/bench';

const OURS = 1001;
const PEER = 1002;

function result(perSecond: number, errors = 0): LoadResult {
  return {
    requests: 1000,
    errors,
    errorKinds: errors === 0 ? {} : { 'status 502': errors },
    elapsedMs: 1000,
    requestsPerSecond: perSecond,
    latency: { p50: 1, p99: 2, max: 3 },
  };
}

function comparison(run: (plan: LoadPlan) => LoadResult): Comparison {
  return {
    // This process stands for both: what it uses is not looked at here.
    ours: { name: 'ours', pid: process.pid, port: OURS },
    peer: { name: 'node-https', pid: process.pid, port: PEER },
    servername: 'bench.localhost',
    ca: '',
    pace: { rounds: 3, keepAliveMs: 10, newConnectionMs: 20 },
    run: (plan) => Promise.resolve(run(plan)),
    onProgress: () => undefined,
  };
}

test('takes rounds in turn, in changing order, and leaves the warm-up out', async () => {
  const plans: LoadPlan[] = [];
  const cases = await compareTargets(
    comparison((plan) => {
      plans.push(plan);
      // The warm-up would spoil the medians.
      if (plans.length <= 2) return result(1_000_000);
      return result(plan.port === OURS ? 50 : 100);
    }),
  );
  const first = plans.slice(0, 8).map(({ port }) => port);
  expect(first).toEqual([OURS, PEER, PEER, OURS, OURS, PEER, PEER, OURS]);
  expect(cases[0]).toMatchObject({
    name: 'requests, 1 KiB',
    ours: 50,
    peers: { 'node-https': 100 },
    ratios: { 'node-https': 0.5 },
  });
  expect(new Set(plans.map(({ mode }) => mode))).toEqual(new Set(['keep-alive', 'new-connection']));
  expect(plans.at(-1)?.until).toEqual({ milliseconds: 20 });
});

test('a failed request spoils the measurement', async () => {
  const failing = comparison((plan) => result(1, plan.port === PEER ? 2 : 0));
  await expect(compareTargets(failing)).rejects.toThrow(/2 .* port 1002 failed.*status 502/);
});
