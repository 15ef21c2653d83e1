// SPDX-License-Identifier: Apache-2.0
import type { LoadPlan } from '../load/load-plan.ts';
import { compareRounds, type BenchCase } from '../report/bench-report.ts';
import { measureTarget, type LoadRunner, type Sample } from './measure-target.ts';
import { WORKLOADS, type Pace, type Workload } from './workloads.ts';

/** A running server to compare. */
export interface ComparedTarget {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
}

/** What and how to compare. */
export interface Comparison {
  readonly ours: ComparedTarget;
  readonly peer: ComparedTarget;
  readonly servername: string;
  /** PEM. */
  readonly ca: string;
  readonly pace: Pace;
  readonly run: LoadRunner;
  readonly onProgress: (message: string) => void;
}

/**
 * Measures both targets with every workload. Rounds alternate and change their order, so that a machine that is slow for a
 * while is slow for both; the first round only warms up.
 */
export async function compareTargets(comparison: Comparison): Promise<BenchCase[]> {
  const cases: BenchCase[] = [];
  for (const workload of WORKLOADS) cases.push(...(await compareOn(workload, comparison)));
  return cases;
}

async function compareOn(workload: Workload, comparison: Comparison): Promise<BenchCase[]> {
  const { peer, pace } = comparison;
  const samples: Record<'ours' | 'peer', Sample[]> = { ours: [], peer: [] };
  for (let round = 0; round <= pace.rounds; round += 1) {
    const label = round === 0 ? 'warm-up' : `round ${String(round)} of ${String(pace.rounds)}`;
    comparison.onProgress(`${workload.name}: ${label}`);
    const order = round % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const);
    for (const which of order) {
      const { pid, port } = comparison[which];
      const sample = await measureTarget(pid, planFor(workload, port, comparison), comparison.run);
      if (round > 0) samples[which].push(sample);
    }
  }
  return workload.cases.map(({ value, ...description }) =>
    compareRounds(
      description,
      samples.ours.map((sample) => sample[value]),
      { [peer.name]: samples.peer.map((sample) => sample[value]) },
    ),
  );
}

function planFor(workload: Workload, port: number, { servername, ca, pace }: Comparison): LoadPlan {
  return { host: '127.0.0.1', port, servername, ca, ...workload.plan(pace) };
}
