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
  // What these add is OpenSSL's and the platform's: measured, not judged.
  { name: 'the same and a SecureContext', ours: 'withContext' },
  { name: 'the same and a simulated quote', ours: 'withQuote' },
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

/**
 * What each of the other cases adds to a leaf.
 *
 * @param report - of {@link benchCa}
 * @returns lines for a person
 */
export function additions({ cases: [leaf, ...others] }: BenchReport): string {
  const microseconds = (entry: BenchCase): number => 1_000_000 / entry.ours;
  return others
    .map((entry) => {
      const added = leaf === undefined ? NaN : microseconds(entry) - microseconds(leaf);
      return `${entry.name}: adds ${added.toFixed(0)} µs to a leaf\n`;
    })
    .join('');
}

function toCase(
  { ours, ...entry }: (typeof CASES)[number],
  rates: Readonly<Record<keyof LeafMakers, readonly number[]>>,
): BenchCase {
  return compareRounds(
    { ...entry, unit: 'leaves/s', better: 'higher', targetOf: 'value' },
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
