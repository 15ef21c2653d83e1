// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { mutated } from './byte-mutation.ts';
import { mutatedJson } from './json-mutation.ts';

/** A class of errors; our own have a private constructor signature each. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** A parser under test. */
export interface FuzzTarget {
  readonly name: string;
  /** Inputs that the parser accepts; empty where real evidence is missing. The same bytes in every run. */
  readonly corpus: readonly Uint8Array[];
  readonly format: 'bytes' | 'text' | 'json';
  /** Words of the format, for the mutator. */
  readonly tokens?: readonly string[];
  /** Longest time for one input, where the usual bound is too low. */
  readonly maxMs?: number;
  /** The only errors that may come out. */
  readonly errors: readonly ErrorClass[];
  /** Reads an input; with what it has read, it may check that there is no second way to write it. */
  readonly parse: (input: Uint8Array) => unknown;
}

/** What a target is fed with. */
export function inputsOf({ corpus, format, tokens }: FuzzTarget): fc.Arbitrary<Uint8Array> {
  const nearlyRight = { weight: 12, arbitrary: mutated(corpus, tokens) };
  const anything = { weight: 1, arbitrary: fc.uint8Array({ maxLength: 512 }) };
  if (format !== 'json') return fc.oneof(nearlyRight, anything);
  // Changed bytes mostly break JSON's syntax; what its parser accepts has to be changed as well.
  return fc.oneof(nearlyRight, anything, { weight: 24, arbitrary: mutatedJson(corpus) });
}
