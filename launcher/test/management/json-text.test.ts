// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJsonText } from '../../src/management/json-text.ts';

const read = (text: string): unknown => readJsonText(Buffer.from(text));

describe('readJsonText', () => {
  test('reads whatever JSON can say', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(read(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each([
    '{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}],"d":"a"}',
    '{"a":["a","a"],"b":"\\"a\\":1,"}',
    '[{"a":1},{"a":1}]',
    '{"a":{},"b":{},"":0}',
    '  { "a" : [ ] , "b" : { } }  ',
  ])('accepts names that differ where they stand: %s', (text) => {
    expect(read(text)).toEqual(JSON.parse(text));
  });

  test.each([
    '{"a":1,"a":1}',
    '{"a":1,"b":2,"a":3}',
    '{"a":1,"\\u0061":2}',
    '{"x":[{"y":{"a":1,"a":2}}]}',
    '{"a":{"b":1},"a":2}',
    '{"a":[1,2],"a":2}',
    '{"a":"}","a":2}',
    '{"\\"":1,"\\"":2}',
  ])('refuses a member that appears twice: %s', (text) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'ERR_LAUNCHER_REQUEST_MALFORMED' }),
    );
  });

  test.each(['', '{', '{a:1}', "{'a':1}", '[1,]', '1 2', '\u00a01', 'NaN'])(
    'refuses what is not JSON: %s',
    (text) => {
      expect(() => read(text)).toThrow(
        expect.objectContaining({ code: 'ERR_LAUNCHER_REQUEST_MALFORMED' }),
      );
    },
  );
});
