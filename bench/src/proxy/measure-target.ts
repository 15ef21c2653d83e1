// SPDX-License-Identifier: Apache-2.0
import type { LoadPlan, LoadResult } from '../load/load-plan.ts';
import { processUsage } from '../processes/process-usage.ts';

/** What one round found out about one target. */
export interface Sample {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the target's processes for each request, in microseconds; NaN where it cannot be read. */
  readonly cpuMicroseconds: number;
  /** Memory of the target's processes after the load, in MiB; NaN where it cannot be read. */
  readonly rssMiB: number;
}

/** Something that runs a plan, in this process or in another one. */
export type LoadRunner = (plan: LoadPlan) => Promise<LoadResult>;

/**
 * Loads a target and reads what it used meanwhile. Any failed request spoils the measurement.
 *
 * @param pid The target's process; its descendants count as well.
 * @throws Error when a request failed.
 */
export async function measureTarget(pid: number, plan: LoadPlan, run: LoadRunner): Promise<Sample> {
  const before = processUsage(pid);
  const result = await run(plan);
  const after = processUsage(pid);
  if (result.errors > 0 || result.requests === 0) {
    const kinds = JSON.stringify(result.errorKinds);
    throw new Error(
      `${String(result.errors)} of the requests to port ${String(plan.port)} failed: ${kinds}`,
    );
  }
  const cpuMs = (after?.cpuMs ?? NaN) - (before?.cpuMs ?? NaN);
  return {
    perSecond: result.requestsPerSecond,
    p50: result.latency.p50,
    p99: result.latency.p99,
    cpuMicroseconds: (cpuMs * 1000) / result.requests,
    rssMiB: (after?.rssBytes ?? NaN) / 1024 ** 2,
  };
}
