// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  derElement,
  type DerElement,
  derTime,
  fromHex,
  parseDer,
  readTime,
  toHex,
} from '@proofgate/evidence';
import { refusal, refusalError } from './refusal.ts';

const INVALID = 'ERR_DER_INVALID';
const read = (hex: string, take: (element: DerElement) => unknown): string =>
  refusal(() => take(parseDer(fromHex(hex))));

describe('time', () => {
  const ascii = (tag: number, text: string): string =>
    toHex(derElement(tag, new TextEncoder().encode(text)));

  it.each([
    [0x17, '260720093000Z', 'accepted'],
    [0x17, '500101000000Z', 'accepted'],
    [0x17, '2607200930Z', INVALID],
    [0x17, '260720093000+0000', INVALID],
    [0x17, '260231000000Z', INVALID],
    [0x17, '260720240000Z', INVALID],
    [0x17, '260720093060Z', INVALID],
    [0x17, '26072009300 Z', INVALID],
    [0x18, '20500101000000Z', 'accepted'],
    [0x18, '19491231235959Z', 'accepted'],
    [0x18, '20491231235959Z', INVALID],
    [0x18, '20500101000000.0Z', INVALID],
    [0x18, '20500101000000', INVALID],
    [0x18, '2051-01-01T00:00:00Z', INVALID],
    [0x0c, '260720093000Z', INVALID],
  ])('0x%s %s: %s', (tag, text, code) => {
    expect(read(ascii(tag, text), readTime)).toBe(code);
  });

  it('reads as it was written, to the second', () => {
    const date = fc.date({
      min: new Date(0),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(date, (value) => {
        const seconds = Math.floor(value.getTime() / 1000) * 1000;
        expect(readTime(parseDer(derTime(value))).getTime()).toBe(seconds);
      }),
    );
  });

  it('says which form it expects', () => {
    const expected = (tag: number, text: string): string | undefined =>
      refusalError(() => readTime(parseDer(fromHex(ascii(tag, text)))))?.expected;
    expect(expected(0x17, '2607200930Z')).toBe('YYMMDDHHMMSSZ');
    expect(expected(0x18, '205001010000Z')).toBe('YYYYMMDDHHMMSSZ outside 1950 to 2049');
  });

  it('changes its type between 2049 and 2050', () => {
    expect(derTime(new Date('2049-12-31T23:59:59Z'))[0]).toBe(0x17);
    expect(derTime(new Date('2050-01-01T00:00:00Z'))[0]).toBe(0x18);
    expect(derTime(new Date('1950-01-01T00:00:00Z'))[0]).toBe(0x17);
    expect(derTime(new Date('1949-12-31T23:59:59Z'))[0]).toBe(0x18);
  });

  it('is written in the years 0 to 9999', () => {
    const write = (ms: number): string => refusal(() => derTime(new Date(ms)));
    const [first, last] = ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z'].map(Date.parse);
    expect(write(first!)).toBe('accepted');
    expect(write(first! - 1)).toBe('ERR_DER_WRITE');
    expect(write(last!)).toBe('accepted');
    expect(write(last! + 1000)).toBe('ERR_DER_WRITE');
    expect(write(Number.NaN)).toBe('ERR_DER_WRITE');
  });
});
