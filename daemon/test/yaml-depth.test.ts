// SPDX-License-Identifier: Apache-2.0
import { LineCounter } from 'yaml';
import { describe, expect, test } from 'vitest';
import { MAX_YAML_DEPTH, tooDeepAt } from '../src/yaml-depth.ts';

const depthOf = (text: string): number | undefined => tooDeepAt(text, new LineCounter());

describe('tooDeepAt', () => {
  test('accepts what nests as deeply as allowed and no deeper', () => {
    expect(depthOf('['.repeat(MAX_YAML_DEPTH) + ']'.repeat(MAX_YAML_DEPTH))).toBeUndefined();
    expect(depthOf('['.repeat(MAX_YAML_DEPTH + 1) + ']'.repeat(MAX_YAML_DEPTH + 1))).toBe(
      MAX_YAML_DEPTH,
    );
  });

  test.each(['[', '- ', '? ', '{a: ', '[{'])('refuses %j without end', (piece) => {
    expect(depthOf(piece.repeat(50_000))).toBeDefined();
  });

  test('does not count width', () => {
    expect(depthOf(`a: [${'1, '.repeat(5_000)}2]`)).toBeUndefined();
  });
});
