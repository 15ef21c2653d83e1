// SPDX-License-Identifier: Apache-2.0
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  JsonSyntaxError,
  MAX_JSON_DEPTH,
  MAX_JSON_LENGTH,
  parseStrictJson,
  sliceMember,
} from '../src/json/strict-json.ts';

const outcome = (text: string): string => {
  try {
    parseStrictJson(text);
    return 'accepted';
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message;
    throw error;
  }
};
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('strict JSON', () => {
  it('is bounded in length and depth', () => {
    const longest = '1'.padEnd(MAX_JSON_LENGTH);
    expect(outcome(longest)).toBe('accepted');
    expect(outcome(`${longest} `)).toBe('document has 262145 characters, over 262144');
    expect(outcome(nested(MAX_JSON_DEPTH + 1))).toBe('accepted');
    expect(outcome(nested(MAX_JSON_DEPTH + 2))).toBe('nested deeper than 12');
    const objects = `${'{"a":'.repeat(MAX_JSON_DEPTH + 1)}1${'}'.repeat(MAX_JSON_DEPTH + 1)}`;
    expect(outcome(objects)).toBe('nested deeper than 12');
  });

  it.each([
    ['', 'a value at line 1, column 1'],
    ['[1 2]', '"," or "]" at line 1, column 4'],
    ['[1 2 3]', '"," or "]" at line 1, column 4'],
    ['[1,]', 'a value at line 1, column 4'],
    ['[,1]', 'a value at line 1, column 2'],
    ['[1', '"," or "]" at line 1, column 3'],
    ['{"a":1\n "b":2}', '"," or "}" at line 2, column 2'],
    ['{"a" 1}', '":" at line 1, column 6'],
    ['{1:1}', 'a string at line 1, column 2'],
    ['{"a":1,}', 'a string at line 1, column 8'],
    ['[] []', 'end of document at line 1, column 4'],
    ['[]x', 'end of document at line 1, column 3'],
    ['[01]', '"," or "]" at line 1, column 3'],
    ['"\t"', 'a value at line 1, column 1'],
    ["'a'", 'a value at line 1, column 1'],
  ])('expects in %j %s', (text, expected) => {
    expect(outcome(text)).toBe(`expected ${expected}`);
  });

  it('has no member twice, however its name is written', () => {
    expect(outcome('{"a":1,"\\u0061":2}')).toBe('member "\\u0061" is repeated');
    expect(outcome('{"a":{"a":1},"b":{"a":1}}')).toBe('accepted');
  });

  it('is what JSON.parse reads, when that writes it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(3), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(plain(parseStrictJson(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('shows the exact text of a member', () => {
    const text = '{ "a" : [1,\n 2] , "b":"x" }';
    expect(sliceMember(text, 'a')).toBe('[1,\n 2]');
    expect(sliceMember(text, 'b')).toBe('"x"');
    expect(sliceMember(text, 'c')).toBeUndefined();
    expect(sliceMember('{"c":{"a":1}}', 'a')).toBeUndefined();
    expect(sliceMember('["a"]', 'a')).toBeUndefined();
  });
});

/** Maps as objects. */
function plain(value: unknown): unknown {
  if (value instanceof Map) {
    const members = [...value].map(([name, member]) => [String(name), plain(member)] as const);
    return Object.fromEntries(members);
  }
  return Array.isArray(value) ? value.map(plain) : value;
}
