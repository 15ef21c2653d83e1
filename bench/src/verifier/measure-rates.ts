// SPDX-License-Identifier: Apache-2.0
// Runs in browsers too: no Node built-ins.
import { CONTENDERS, type ContenderName, type Operation } from './contenders.ts';

/** How long to measure. */
export interface VerifierPace {
  readonly rounds: number;
  /** For each contender in each round. */
  readonly roundMs: number;
}

/** Enough for medians that repeat within some percent. */
export const FULL: VerifierPace = { rounds: 15, roundMs: 400 };

/** Enough to see that it works and roughly how fast. */
export const QUICK: VerifierPace = { rounds: 3, roundMs: 100 };

/** Operations a second of every contender, one number for each round. */
export type Rates = Readonly<Record<ContenderName, readonly number[]>>;

/**
 * Measures all contenders, one operation at a time. Rounds are interleaved and change their order, so that a machine
 * that is slow for a while is slow for all; the first round only warms up.
 */
export async function measureRates(
  contenders: Readonly<Record<ContenderName, Operation>>,
  { rounds, roundMs }: VerifierPace,
): Promise<Rates> {
  const rates: Record<ContenderName, number[]> = {
    prepared: [],
    newMachine: [],
    full: [],
    parser: [],
    peerFull: [],
    peerParser: [],
  };
  for (let round = 0; round <= rounds; round += 1) {
    const order = round % 2 === 0 ? CONTENDERS : CONTENDERS.toReversed();
    for (const name of order) {
      const rate = await measureRate(contenders[name], roundMs);
      if (round > 0) rates[name].push(rate);
    }
  }
  return rates;
}

/** What is quick is done this often between two looks at the clock, which would cost as much. */
const BATCH = 16;

async function measureRate(operation: Operation, milliseconds: number): Promise<number> {
  let operations = 0;
  const start = performance.now();
  let elapsed = 0;
  while (elapsed < milliseconds) {
    for (let index = 0; index < BATCH; index += 1) {
      const pending = operation();
      // Waiting for what is not asynchronous would be measured as well.
      if (pending !== undefined) await pending;
    }
    operations += BATCH;
    elapsed = performance.now() - start;
  }
  return (operations * 1000) / elapsed;
}
