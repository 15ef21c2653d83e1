// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  concatBytes,
  derBitString,
  derBoolean,
  derContext,
  derEnumerated,
  derIa5String,
  derInteger,
  derNamedBits,
  derNull,
  derOctetString,
  derPrintableString,
  DerReader,
  derSequence,
  derSet,
  derUtf8String,
  fromHex,
  MAX_DER_BYTES,
  MAX_DER_DEPTH,
  readDer,
  toHex,
} from '@proofgate/evidence';
import { refusal, refusalError } from './refusal.ts';

const INVALID = 'ERR_DER_INVALID';
const read = (hex: string, take: (der: DerReader) => unknown): string =>
  refusal(() => readDer(fromHex(hex), take));

describe('lengths', () => {
  it.each([
    ['short form', '0400', 'accepted'],
    ['127 in one octet', `047f${'00'.repeat(127)}`, 'accepted'],
    ['128 in two octets', `048180${'00'.repeat(128)}`, 'accepted'],
    ['127 in two octets', `04817f${'00'.repeat(127)}`, INVALID],
    ['128 with a leading zero', `04820080${'00'.repeat(128)}`, INVALID],
    ['indefinite', '24800000', INVALID],
    ['five octets', '04850000000000', INVALID],
    ['longer than the input', '040200', INVALID],
    ['cut off', '0482', INVALID],
    ['absent', '04', INVALID],
    ['trailing byte', '040000', INVALID],
    ['no input', '', INVALID],
    ['another tag', '0500', INVALID],
    ['a tag of several octets', '1f810000', INVALID],
  ])('%s', (_, hex, code) => {
    expect(read(hex, (der) => der.octetString())).toBe(code);
  });

  it.each([
    ['', 'DER ends where an element is expected'],
    ['04', 'DER ends where a length is expected'],
    ['0480', 'DER length is indefinite'],
    ['0482', 'DER ends in the middle of a length'],
    ['04850100000000', 'DER length is too long'],
    ['04820001', 'DER length is not minimal'],
  ])('%j: %s', (hex, message) => {
    expect(refusalError(() => readDer(fromHex(hex), (der) => der.raw()))?.message).toBe(message);
  });

  it('belong to tags of one octet', () => {
    expect(read('1e0100', (der) => der.raw())).toBe('accepted');
    expect(read('1f0100', (der) => der.raw())).toBe(INVALID);
    expect(read('bf0100', (der) => der.raw())).toBe(INVALID);
  });

  it('are written minimally for every size', () => {
    for (const size of [0, 1, 127, 128, 255, 256, 65535, 65536]) {
      const content = new Uint8Array(size);
      expect(readDer(derOctetString(content), (der) => der.octetString()).length).toBe(size);
    }
  });
});

describe('limits', () => {
  const nested = (levels: number): Uint8Array => {
    let der = derNull();
    for (let level = 0; level < levels; level += 1) der = derSequence(der);
    return der;
  };
  const descend = (der: DerReader): void => {
    if (der.nextIs(0x30)) der.sequence(descend);
    else der.null();
  };

  it('bound the depth', () => {
    expect(refusal(() => readDer(nested(MAX_DER_DEPTH), descend))).toBe('accepted');
    expect(refusal(() => readDer(nested(MAX_DER_DEPTH + 1), descend))).toBe('ERR_DER_LIMIT');
  });

  it('bound the size', () => {
    const header = 5;
    const largest = derOctetString(new Uint8Array(MAX_DER_BYTES - header));
    expect(largest.length).toBe(MAX_DER_BYTES);
    expect(refusal(() => readDer(largest, (der) => der.octetString()))).toBe('accepted');
    const larger = derOctetString(new Uint8Array(MAX_DER_BYTES - header + 1));
    expect(refusal(() => readDer(larger, (der) => der.octetString()))).toBe('ERR_DER_LIMIT');
  });
});

describe('reader', () => {
  it('demands that a constructed element is read to its end', () => {
    const two = derSequence(derNull(), derNull());
    expect(refusal(() => readDer(two, (der) => der.sequence((inner) => inner.null())))).toBe(
      INVALID,
    );
    expect(refusal(() => readDer(two, (der) => der.sequenceOf((inner) => inner.null())))).toBe(
      'accepted',
    );
  });

  it('does not see changes to its input, nor pass on views', () => {
    const input = derOctetString(Uint8Array.of(1, 2));
    const reader = new DerReader(input);
    input[2] = 9;
    const again = new DerReader(derSequence(derOctetString(Uint8Array.of(7))));
    const { raw, value } = again.withRaw((der) => der.sequence((inner) => inner.octetString()));
    value[0] = 8;
    expect([toHex(reader.octetString()), toHex(raw)]).toEqual(['0102', '3003040107']);
  });

  it('tells apart what is optional', () => {
    const der = derSequence(derContext(1, true, derNull()), derContext(2, false, Uint8Array.of(5)));
    readDer(der, (reader) =>
      reader.sequence((inner) => {
        expect(inner.optionalContext(0, () => 1)).toBeUndefined();
        expect(inner.optionalContext(1, (tagged) => tagged.null())).toBeUndefined();
        expect(inner.optionalContextPrimitive(1)).toBeUndefined();
        expect(inner.optionalContextPrimitive(2)).toEqual(Uint8Array.of(5));
      }),
    );
  });
});

describe('INTEGER', () => {
  it.each([
    ['020100', 'accepted'],
    ['02017f', 'accepted'],
    ['02020080', 'accepted'],
    ['0202ff7f', 'accepted'],
    ['0200', INVALID],
    ['0202007f', INVALID],
    ['0202ff80', INVALID],
    ['02020000', INVALID],
  ])('%s: %s', (hex, code) => {
    expect(read(hex, (der) => der.integer())).toBe(code);
  });

  it('of any size reads as it was written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 600n), max: 1n << 600n }), (value) => {
        expect(readDer(derInteger(value), (der) => der.bigInteger())).toBe(value);
      }),
    );
    for (const value of [0n, 127n, 128n, 255n, 256n, -1n, -128n, -129n]) {
      expect(readDer(derInteger(value), (der) => der.bigInteger())).toBe(value);
    }
  });

  it('takes bytes as a number that is not negative', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const value = BigInt(`0x00${toHex(bytes)}`);
        expect(readDer(derInteger(bytes), (der) => der.bigInteger())).toBe(value);
      }),
    );
  });

  it('stays in a range where a number is wanted', () => {
    const small = (value: bigint, max: number): string =>
      refusal(() => readDer(derInteger(value), (der) => der.smallInteger(max)));
    expect([small(0n, 3), small(3n, 3), small(255n, 255)]).toEqual(Array(3).fill('accepted'));
    expect([small(4n, 3), small(-1n, 3), small(1n << 64n, 3)]).toEqual(Array(3).fill(INVALID));
    expect(readDer(derInteger(0x7fffffffn), (der) => der.smallInteger(0x7fffffff))).toBe(
      0x7fffffff,
    );
  });
});

describe('ENUMERATED, BOOLEAN, NULL', () => {
  it('are canonical', () => {
    expect(readDer(derEnumerated(2), (der) => der.enumerated(2))).toBe(2);
    expect(read('0a0103', (der) => der.enumerated(2))).toBe(INVALID);
    expect(read('0a020002', (der) => der.enumerated(2))).toBe(INVALID);
    expect(refusal(() => derEnumerated(-1))).toBe('ERR_DER_WRITE');
    expect(readDer(derBoolean(true), (der) => der.boolean())).toBe(true);
    expect(readDer(derBoolean(false), (der) => der.boolean())).toBe(false);
    expect(read('010101', (der) => der.boolean())).toBe(INVALID);
    expect(read('01020000', (der) => der.boolean())).toBe(INVALID);
    expect(read('050100', (der) => der.null())).toBe(INVALID);
  });
});

describe('BIT STRING', () => {
  it.each([
    ['030100', 'accepted'],
    ['030200ff', 'accepted'],
    ['0300', INVALID],
    ['030108', INVALID],
    ['030101', INVALID],
    ['030204f0', INVALID],
  ])('of whole bytes %s: %s', (hex, code) => {
    expect(read(hex, (der) => der.bitString())).toBe(code);
  });

  it('of named bits reads as it was written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 20 })), (bits) => {
        const set = readDer(derNamedBits(bits), (der) => der.namedBits());
        expect([...set].toSorted((a, b) => a - b)).toEqual(bits.toSorted((a, b) => a - b));
      }),
    );
    expect(toHex(derNamedBits([0, 5]))).toBe('03020284');
    expect(toHex(derNamedBits([]))).toBe('030100');
  });

  it.each(['0300', '030101', '030107', '03020800', '0302ff00'])(
    'of named bits %s has no valid count of unused bits',
    (hex) => {
      expect(read(hex, (der) => der.namedBits())).toBe(INVALID);
    },
  );

  it('refuses unused bits that are set', () => {
    expect(read('03020284', (der) => der.namedBits())).toBe('accepted');
    expect(read('03020286', (der) => der.namedBits())).toBe(INVALID);
    expect(derBitString(Uint8Array.of(1))).toEqual(fromHex('03020001'));
  });
});

describe('text', () => {
  it('keeps to its character set', () => {
    const text = (der: Uint8Array): string => readDer(der, (reader) => reader.text());
    expect(text(derUtf8String('Zürich'))).toBe('Zürich');
    expect(text(derPrintableString("A-z 0'?"))).toBe("A-z 0'?");
    expect(text(derIa5String('a@b'))).toBe('a@b');
    expect(read('130140', (der) => der.text())).toBe(INVALID);
    expect(read('1602c3bc', (der) => der.text())).toBe(INVALID);
    expect(read('140141', (der) => der.text())).toBe(INVALID);
    expect(read('0c01ff', (der) => der.text())).toBe(INVALID);
    expect(refusal(() => derPrintableString('a@b'))).toBe('ERR_DER_WRITE');
    expect(refusal(() => derIa5String('ü'))).toBe('ERR_DER_WRITE');
  });

  it('has a limit', () => {
    expect(readDer(derUtf8String('a'.repeat(4096)), (der) => der.text()).length).toBe(4096);
    const longer = derUtf8String('a'.repeat(4097));
    expect(refusal(() => readDer(longer, (der) => der.text()))).toBe('ERR_DER_LIMIT');
  });
});

describe('constructed elements', () => {
  it('put a SET OF in order', () => {
    const set = derSet(derOctetString(Uint8Array.of(2)), derOctetString(Uint8Array.of(1)));
    expect(toHex(set)).toBe('3106040101040102');
  });

  it('have a context tag of one octet', () => {
    expect(toHex(derContext(3, true, derNull()))).toBe('a3020500');
    expect(toHex(derContext(2, false, Uint8Array.of(1)))).toBe('820101');
    expect(refusal(() => derContext(31, false, new Uint8Array()))).toBe('ERR_DER_WRITE');
    expect(concatBytes(derSequence())).toEqual(fromHex('3000'));
  });
});
