// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { toBase64 } from '@proofgate/evidence';
import { FUZZ } from './fuzz-settings.ts';
import { inputsOf, type FuzzTarget } from './fuzz-target.ts';
import { HangWatch } from './hang-watch.mjs';

/**
 * Longest processor time for one input, unless a target has its own: what grows with the square of the input needs much
 * more. Processor time, because time by the clock depends on what else the machine does.
 */
const MAX_INPUT_MS = 250;
/** An input that took more than this share of the bound is read again: mostly it was the garbage collector that ran. */
const REMARKABLE_SHARE = 0.01;
const ATTEMPTS = 4;

/** What came of fuzzing one target. */
export interface FuzzResult {
  readonly accepted: number;
  readonly refused: number;
  readonly slowestMs: number;
  readonly slowestBytes: number;
}

/**
 * Feeds a parser with `FUZZ.runs` inputs.
 *
 * @throws a report with seed and input, for an error that is not of the target's classes and for an input that takes
 *   too long. An input that takes for ever ends the process, see `HangWatch`
 */
export async function runFuzz(target: FuzzTarget): Promise<FuzzResult> {
  const result = { accepted: 0, refused: 0, slowestMs: 0, slowestBytes: 0 };
  const maxMs = target.maxMs ?? MAX_INPUT_MS;
  const watch = watchFuzz(target.name);
  const property = fc.property(inputsOf(target), (input) => {
    watch.begin(input);
    const { accepted, milliseconds } = measure(target, input, maxMs * REMARKABLE_SHARE);
    result[accepted ? 'accepted' : 'refused'] += 1;
    if (milliseconds > result.slowestMs) {
      result.slowestMs = milliseconds;
      result.slowestBytes = input.length;
    }
    if (milliseconds > maxMs) {
      throw new Error(`${input.length} bytes took ${milliseconds.toFixed(0)} ms`);
    }
  });
  const outcome = fc.check(property, fuzzParameters());
  await watch.end();
  assertProperty(target.name, outcome);
  return result;
}

/** Begins to watch for inputs that take for ever. @param name of the target */
export function watchFuzz(name: string): HangWatch {
  return new HangWatch(`${name}, with seed ${String(FUZZ.seed)},`);
}

/** Longest input that a report shows in full. */
const SHOWN_BYTES = 4096;

/**
 * Throws a report if a property failed: the input, and how to run it again.
 *
 * @param name of the target, as `npm run fuzz -- --only` takes it
 */
export function assertProperty<T>(name: string, outcome: fc.RunDetails<[T]>): void {
  if (!outcome.failed) return;
  const seed = String(outcome.seed);
  const path = outcome.counterexamplePath ?? '';
  const again = `npm run fuzz -- --only '${name}' --seed ${seed} --path ${path}`;
  throw new Error(
    `${name} failed after ${String(outcome.numRuns)} inputs; again: ${again}\n` +
      `input: ${shown(outcome.counterexample?.[0])}`,
    { cause: outcome.errorInstance },
  );
}

function shown(input: unknown): string {
  if (!(input instanceof Uint8Array)) return fc.stringify(input).slice(0, SHOWN_BYTES);
  return `${String(input.length)} bytes, base64 ${toBase64(input.subarray(0, SHOWN_BYTES))}`;
}

/** Parameters of fast-check. @param share of the runs, for what is slower than a parser */
export function fuzzParameters<Ts>(share = 1): fc.Parameters<Ts> {
  return {
    seed: FUZZ.seed,
    numRuns: Math.max(1, Math.round(FUZZ.runs * share)),
    ...(FUZZ.path === undefined ? {} : { path: FUZZ.path }),
  };
}

function measure(
  target: FuzzTarget,
  input: Uint8Array,
  remarkableMs: number,
): { accepted: boolean; milliseconds: number } {
  let best = Number.POSITIVE_INFINITY;
  let accepted = false;
  for (let attempt = 0; attempt < ATTEMPTS && best > remarkableMs; attempt += 1) {
    const start = process.cpuUsage();
    accepted = accepts(target, input);
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
  }
  return { accepted, milliseconds: best };
}

/** Whether a target accepts an input. @throws whatever it throws that it should not */
export function accepts({ parse, errors }: FuzzTarget, input: Uint8Array): boolean {
  try {
    parse(input);
    return true;
  } catch (error) {
    if (errors.some((allowed) => error instanceof allowed)) return false;
    throw error;
  }
}
