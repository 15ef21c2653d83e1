// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asReportData,
  asSha256,
  asSha384,
  compareBytes,
  concatBytes,
  copyBytes,
  equalBytes,
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8,
  isAllZero,
  sha256,
  sha384,
  sha512,
  toBase64,
  toBase64Url,
  toHex,
  utf8,
} from '@proofgate/evidence';
import { refusal } from './refusal.ts';

const bytes = fc.uint8Array({ maxLength: 300 });

describe('hex', () => {
  it('reads what it wrote, and upper case', () => {
    fc.assert(fc.property(bytes, (b) => equalBytes(fromHex(toHex(b)), b)));
    expect(fromHex('00FFab')).toEqual(Uint8Array.of(0, 255, 0xab));
    expect(toHex(Uint8Array.of(0, 10, 255))).toBe('000aff');
  });

  it.each(['0', 'abc', 'zz', '0x00', ' 00', '00\n', '٠٠'])('refuses %j', (text) => {
    expect(refusal(() => fromHex(text))).toBe('ERR_BYTES_ENCODING');
  });
});

describe('base64', () => {
  it('agrees with the platform in both alphabets', () => {
    fc.assert(
      fc.property(bytes, (b) => {
        expect(toBase64(b)).toBe(Buffer.from(b).toString('base64'));
        expect(toBase64Url(b)).toBe(Buffer.from(b).toString('base64url'));
      }),
    );
  });

  it('reads what it wrote', () => {
    fc.assert(fc.property(bytes, (b) => equalBytes(fromBase64(toBase64(b)), b)));
    fc.assert(fc.property(bytes, (b) => equalBytes(fromBase64Url(toBase64Url(b)), b)));
  });

  it('has one spelling for each byte string', () => {
    const letters = fc.string({ unit: fc.constantFrom(...'AQgw/+-_='), maxLength: 8 });
    fc.assert(
      fc.property(letters, (text) => {
        if (refusal(() => fromBase64(text)) === 'accepted') {
          expect(toBase64(fromBase64(text))).toBe(text);
        }
      }),
    );
  });

  it.each(['A', 'AA', 'AA=', 'AB==', 'AAA', 'AAB=', 'A===', '====', 'AA==AA==', 'AA\n==', '-_8='])(
    'refuses %j with padding',
    (text) => {
      expect(refusal(() => fromBase64(text))).toBe('ERR_BYTES_ENCODING');
    },
  );

  it.each(['A', 'AA==', 'AB', 'AAB', '+/8', 'AA AA'])('refuses %j without padding', (text) => {
    expect(refusal(() => fromBase64Url(text))).toBe('ERR_BYTES_ENCODING');
  });

  it('accepts the neighbours of those', () => {
    expect(fromBase64('AA==')).toEqual(Uint8Array.of(0));
    expect(fromBase64('AAA=')).toEqual(Uint8Array.of(0, 0));
    expect(fromBase64('')).toEqual(new Uint8Array());
    expect(fromBase64Url('-_8')).toEqual(Uint8Array.of(0xfb, 0xff));
  });
});

describe('UTF-8', () => {
  it('reads what it wrote, with a byte order mark kept', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (t) => fromUtf8(utf8(t)) === t));
    expect(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });

  it('refuses what has no UTF-8 form, and what is none', () => {
    expect(refusal(() => utf8('a\ud800'))).toBe('ERR_BYTES_ENCODING');
    expect(refusal(() => utf8('\ud83d\ude00'))).toBe('accepted');
    expect(refusal(() => fromUtf8(Uint8Array.of(0xc0, 0x80)))).toBe('ERR_BYTES_ENCODING');
    expect(refusal(() => fromUtf8(Uint8Array.of(0xed, 0xa0, 0x80)))).toBe('ERR_BYTES_ENCODING');
  });
});

describe('byte strings', () => {
  it('compare like their hex', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const [x, y] = [toHex(a), toHex(b)];
        expect(Math.sign(compareBytes(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0);
        expect(equalBytes(a, b)).toBe(x === y);
        expect(equalBytes(a, copyBytes(a))).toBe(true);
        expect(toHex(concatBytes(a, b))).toBe(x + y);
      }),
    );
  });

  it('differ in the last byte, or in length alone', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false);
    expect([isAllZero(Uint8Array.of(0, 0)), isAllZero(Uint8Array.of(0, 1))]).toEqual([true, false]);
  });

  it('are copied out of a Buffer, whose slice would be a view', () => {
    const source = Buffer.from([1, 2, 3]);
    const copy = copyBytes(source);
    source[0] = 9;
    expect(copy).toEqual(Uint8Array.of(1, 2, 3));
    expect(Buffer.isBuffer(copy)).toBe(false);
  });

  it('of fixed size have exactly that size', () => {
    const makers = [
      [asSha256, 32],
      [asSha384, 48],
      [asReportData, 64],
    ] as const;
    for (const [make, size] of makers) {
      expect(make(new Uint8Array(size)).length).toBe(size);
      expect(refusal(() => make(new Uint8Array(size - 1)))).toBe('ERR_BYTES_LENGTH');
      expect(refusal(() => make(new Uint8Array(size + 1)))).toBe('ERR_BYTES_LENGTH');
    }
  });
});

describe('hashes', () => {
  // FIPS 180-4 examples: the message "abc".
  it('are those of FIPS 180-4', () => {
    const abc = utf8('abc');
    expect(toHex(sha256(abc))).toMatch(/^ba7816bf8f01cfea414140de5dae2223b00361a396177a9c/);
    expect(toHex(sha384(abc))).toMatch(/^cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163/);
    expect(toHex(sha512(abc))).toMatch(/^ddaf35a193617abacc417349ae20413112e6fa4e89a97ea2/);
  });
});
