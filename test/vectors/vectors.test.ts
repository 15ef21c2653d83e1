// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { readVectorFiles, vectorSetOf } from './read-vectors.ts';
import { runVector } from './run-vector.ts';
import { casesOf } from './vector-format.ts';

describe('vectors in Node', () => {
  const cases = casesOf(vectorSetOf(readVectorFiles()));

  it.each(cases.map((one) => [one.name, one] as const))(
    '%s',
    async (_name, { input, expected }) => {
      expect(await runVector(input)).toMatchObject(expected);
    },
  );
});
