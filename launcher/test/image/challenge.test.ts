// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseChallenge } from '../../src/image/registry/challenge.ts';

const BEARER = { kind: 'bearer', realm: 'https://r/t', service: undefined, scope: undefined };

test.each([
  ['Basic realm="x"', { kind: 'basic' }],
  ['Basic', { kind: 'basic' }],
  ['basic', { kind: 'basic' }],
  ['Bearer realm="https://r/t"', BEARER],
  ['bearer REALM=https://r/t', BEARER],
  [
    'Bearer realm="https://r/t",service="a b",scope="c,d"',
    { ...BEARER, service: 'a b', scope: 'c,d' },
  ],
  ['Bearer service="s" , realm = "https://r/t"', { ...BEARER, service: 's' }],
  ['Basic realm="x", Bearer realm="https://r/t"', BEARER],
  ['Negotiate, Basic realm="x"', { kind: 'basic' }],
  ['Bearer realm="a\\"b"', { ...BEARER, realm: 'a"b' }],
  ['Bearer service="s"', undefined],
  ['Negotiate', undefined],
  ['', undefined],
  ['Bearer realm="unfinished', undefined],
  ['realm="without scheme"', undefined],
  [`Basic realm="${'x'.repeat(5_000)}"`, undefined],
])('%s', (header, challenge) => {
  expect(parseChallenge(header)).toEqual(challenge);
});
