// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import type { FixtureFile, VectorFile, VectorSet } from './vector-format.ts';

const DATA = new URL('data/', import.meta.url);
const FIXTURES = 'fixtures.json';

/** Text of every file of the stored set, by name. */
export function readVectorFiles(): ReadonlyMap<string, string> {
  return new Map(
    readdirSync(DATA)
      .toSorted()
      .map((name) => [name, readFileSync(new URL(name, DATA), 'utf8')]),
  );
}

/** Puts the files of a set together. */
export function vectorSetOf(files: ReadonlyMap<string, string>): VectorSet {
  const parsed = [...files].map(([name, text]) => [name, JSON.parse(text) as unknown] as const);
  return {
    // Sound: the catalogue's test compares the form of every file with what the catalogue makes.
    fixtures: new Map(parsed).get(FIXTURES) as FixtureFile,
    areas: parsed.filter(([name]) => name !== FIXTURES).map(([, file]) => file as VectorFile),
  };
}
