// SPDX-License-Identifier: Apache-2.0
import {
  compareRounds,
  thisMachine,
  type BenchCase,
  type BenchReport,
} from '../report/bench-report.ts';
import { prepareLeafMakers, type LeafMaker, type LeafMakers } from './leaf-makers.ts';

/** How long to measure. */
export interface CaPace {
  readonly rounds: number;
  /** For each way in each round. */
  readonly roundMs: number;
}

/** Enough for medians that repeat within some percent. */
export const FULL: CaPace = { rounds: 15, roundMs: 400 };

/** Enough to see that it works and roughly how fast. */
export const QUICK: CaPace = { rounds: 3, roundMs: 100 };

const PEER = '@peculiar/x509';

const CASES = [
  { name: 'leaf: fresh key, signed, read back', ours: 'ours', target: 2_500 },
  { name: 'the same and a SecureContext', ours: 'withContext', target: 1_000 },
  { name: 'the same and a simulated quote', ours: 'withQuote', target: 300 },
] as const;

/**
 * Measures how many leaves a core makes a second, each with a fresh key, beside the library that makes them without
 * looking at them again.
 *
 * @param options - how long, and the current time
 */
export async function benchCa(options: {
  readonly pace: CaPace;
  readonly at: Date;
  readonly onProgress: (message: string) => void;
}): Promise<BenchReport> {
  const { pace, at, onProgress } = options;
  const makers = await prepareLeafMakers(at);
  const rates: Record<keyof LeafMakers, number[]> = {
    ours: [],
    withContext: [],
    withQuote: [],
    library: [],
  };
  // Sound: the keys of a record that was just written.
  const names = Object.keys(rates) as (keyof LeafMakers)[];
  for (let round = 0; round <= pace.rounds; round += 1) {
    onProgress(round === 0 ? 'warming up' : `round ${String(round)} of ${String(pace.rounds)}`);
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const rate = await measureRate(makers[name], pace.roundMs);
      if (round > 0) rates[name].push(rate);
    }
  }
  return {
    name: 'ca',
    machine: thisMachine(false),
    cases: CASES.map((entry) => toCase(entry, rates)),
  };
}

function toCase(
  { name, ours, target }: (typeof CASES)[number],
  rates: Readonly<Record<keyof LeafMakers, readonly number[]>>,
): BenchCase {
  return compareRounds(
    { name, unit: 'leaves/s', better: 'higher', target, targetOf: 'value' },
    rates[ours],
    { [PEER]: rates.library },
  );
}

async function measureRate(make: LeafMaker, milliseconds: number): Promise<number> {
  const start = performance.now();
  let made = 0;
  let elapsed = 0;
  while (elapsed < milliseconds) {
    const pending = make();
    // Waiting for what is not asynchronous would be measured as well.
    if (pending instanceof Promise) await pending;
    made += 1;
    elapsed = performance.now() - start;
  }
  return (made * 1_000) / elapsed;
}
