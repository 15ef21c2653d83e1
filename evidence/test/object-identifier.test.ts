// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeOid,
  derOid,
  type DerElement,
  encodeOid,
  fromHex,
  parseDer,
  readOid,
  toHex,
} from '@proofgate/evidence';
import { refusal } from './refusal.ts';

const INVALID = 'ERR_DER_INVALID';
const read = (hex: string, take: (element: DerElement) => unknown): string =>
  refusal(() => take(parseDer(fromHex(hex))));

describe('OBJECT IDENTIFIER', () => {
  const arc = fc.bigInt({ min: 0n, max: (1n << 100n) - 1n });
  const oid = fc
    .tuple(fc.constantFrom('0', '1', '2'), fc.nat({ max: 39 }), fc.array(arc, { maxLength: 3 }))
    .map(([root, second, rest]) => [root, second, ...rest].join('.'));

  it('reads as it was written', () => {
    fc.assert(fc.property(oid, (text) => decodeOid(encodeOid(text)) === text));
    expect(toHex(encodeOid('1.2.840.113741.1.13.1'))).toBe('2a864886f84d010d01');
    expect(decodeOid(encodeOid('2.999.3'))).toBe('2.999.3');
    const uuid = '2.25.340282366920938463463374607431768211455';
    expect(decodeOid(encodeOid(uuid))).toBe(uuid);
  });

  it.each([
    ['06012a', 'accepted'],
    ['0600', INVALID],
    ['06022a80', INVALID],
    ['06022a81', INVALID],
    ['06032a8101', 'accepted'],
    ['06032a8001', INVALID],
    ['06028001', INVALID],
    [`0614${'2a'}${'ff'.repeat(18)}7f`, INVALID],
    [`0640${'2a'.repeat(64)}`, 'accepted'],
    [`0641${'2a'.repeat(65)}`, INVALID],
  ])('%s: %s', (hex, code) => {
    expect(read(hex, readOid)).toBe(code);
  });

  it('is written up to the size and the arcs that are read', () => {
    const longest = `1.2${'.1'.repeat(63)}`;
    expect(decodeOid(encodeOid(longest))).toBe(longest);
    for (const text of ['0.0', '0.39', '1.0', '1.39', '2.0', '2.40']) {
      expect(decodeOid(encodeOid(text))).toBe(text);
    }
  });

  it.each([
    '2.25.340282366920938463463374607431768211456',
    `1.2${'.1'.repeat(64)}`,
    '',
    '1',
    '3.1',
    '1.40',
    '1.2.',
    '1..2',
    '01.2',
    '1.02',
    '1.-2',
    '1.2.a',
    '1.2\n',
  ])('cannot be written from %j', (text) => {
    expect(refusal(() => derOid(text))).toBe('ERR_DER_WRITE');
  });
});
