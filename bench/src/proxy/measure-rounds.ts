// SPDX-License-Identifier: Apache-2.0
import type { LoadOutcome } from '../load/http-tools.ts';
import { processUsage } from '../processes/process-usage.ts';
import type { Contender } from './contenders/contender.ts';

/** What one round found out about one contender. */
export interface Sample {
  readonly perSecond: number;
  readonly p99: number;
  /** CPU time of the contender's processes for each operation; NaN where it cannot be read. */
  readonly cpuMicroseconds: number;
}

/** The samples of one load by contender; a contender that cannot do it is missing. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

/** How long a benchmark takes. */
export interface Pace {
  readonly rounds: number;
  /** Of one contender in one round. */
  readonly seconds: number;
  /** Idle connections that are held. */
  readonly idleConnections: number;
}

/** Enough for medians that repeat within some percent. */
export const FULL: Pace = { rounds: 7, seconds: 3, idleConnections: 5_000 };

/** Enough to see that it works and roughly how fast. */
export const QUICK: Pace = { rounds: 1, seconds: 1, idleConnections: 500 };

/** What a round needs. */
export interface Rounds {
  readonly contenders: readonly Contender[];
  readonly pace: Pick<Pace, 'rounds'>;
  readonly run: (port: number) => Promise<LoadOutcome>;
  readonly onProgress: (message: string) => void;
  /** Whether a benchmark goes on without this one when its load fails. */
  readonly mayFail: (name: string) => boolean;
}

/**
 * Measures the contenders one after the other, round by round, each round in the opposite order of the one before, so
 * that a machine that is slow for a while is slow for all.
 *
 * @throws Error of the load when it fails for one that may not
 */
export async function measureRounds({ contenders, pace, ...rounds }: Rounds): Promise<Samples> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  // The first one warms up and does not count.
  for (let round = 0; round <= pace.rounds; round += 1) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of order) {
      const taken = samples.get(contender.name);
      if (taken === undefined) continue;
      const sample = await measureUnlessUnable(contender, rounds);
      if (sample === undefined) samples.delete(contender.name);
      else if (round > 0) taken.push(sample);
    }
  }
  return samples;
}

async function measureUnlessUnable(
  contender: Contender,
  { run, mayFail, onProgress }: Omit<Rounds, 'contenders' | 'pace'>,
): Promise<Sample | undefined> {
  try {
    return await measure(contender, run);
  } catch (error) {
    if (!mayFail(contender.name)) throw error;
    onProgress(`${contender.name} cannot do this: ${firstLine(error)}`);
    return undefined;
  }
}

async function measure(
  { pid, port }: Contender,
  run: (port: number) => Promise<LoadOutcome>,
): Promise<Sample> {
  const before = processUsage(pid);
  const { operations, perSecond, p99 } = await run(port);
  const after = processUsage(pid);
  const cpuMs = (after?.cpuMs ?? NaN) - (before?.cpuMs ?? NaN);
  return { perSecond, p99, cpuMicroseconds: (cpuMs * 1000) / operations };
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? '';
}
