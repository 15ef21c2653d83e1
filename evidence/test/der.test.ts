// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  concatBytes,
  derBitString,
  derBoolean,
  derContent,
  derContext,
  type DerElement,
  derElements,
  derEnumerated,
  derIa5String,
  derInteger,
  derList,
  derNamedBits,
  derNull,
  derOctetString,
  derPrintableString,
  derSequence,
  derSet,
  derUtf8String,
  fromHex,
  MAX_DER_BYTES,
  MAX_DER_DEPTH,
  parseDer,
  readBigInteger,
  readBitString,
  readBoolean,
  readEnumerated,
  readInteger,
  readNamedBits,
  readNull,
  readOctets,
  readRaw,
  readSmallInteger,
  readText,
  toHex,
} from '@proofgate/evidence';
import { refusal, refusalError } from './refusal.ts';

const INVALID = 'ERR_DER_INVALID';
const read = (hex: string, take: (element: DerElement) => unknown): string =>
  refusal(() => take(parseDer(fromHex(hex))));

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
    expect(read(hex, readOctets)).toBe(code);
  });

  it.each([
    ['', 'tag', 'one octet', 'nothing'],
    ['04', 'length', 'minimal, 1 to 3 octets', '0 octets'],
    ['0480', 'length', 'minimal, 1 to 3 octets', '0 octets'],
    ['0482', 'length', 'minimal, 1 to 3 octets', '2 octets'],
    ['048401000000', 'length', 'minimal, 1 to 3 octets', '4 octets'],
    ['04820001', 'length', 'minimal, 1 to 3 octets', '2 octets'],
    ['0483010000', 'length', 'at most 0', '65536'],
    ['0402aa', 'length', 'at most 1', '2'],
    ['0401aabb', 'length', '3', '4'],
  ])('%j: %s', (hex, what, expected, seen) => {
    const error = refusalError(() => parseDer(fromHex(hex)));
    expect(error).toMatchObject({ message: `${what} is not valid`, expected, seen });
  });

  it('belong to tags of one octet', () => {
    expect(read('1e0100', () => undefined)).toBe('accepted');
    expect(read('1f0100', () => undefined)).toBe(INVALID);
    expect(read('bf0100', () => undefined)).toBe(INVALID);
  });

  it('are written minimally for every size', () => {
    for (const size of [0, 1, 127, 128, 255, 256, 65535, 65536]) {
      const content = new Uint8Array(size);
      expect(readOctets(parseDer(derOctetString(content))).length).toBe(size);
    }
  });
});

describe('limits', () => {
  const nested = (levels: number): Uint8Array => {
    let der = derNull();
    for (let level = 0; level < levels; level += 1) der = derSequence(der);
    return der;
  };
  const descend = (element: DerElement | undefined): void => {
    if (element?.tag === 0x30) descend(derList(element)[0]);
    else readNull(element);
  };

  it('bound the depth', () => {
    expect(refusal(() => descend(parseDer(nested(MAX_DER_DEPTH))))).toBe('accepted');
    expect(refusal(() => descend(parseDer(nested(MAX_DER_DEPTH + 1))))).toBe('ERR_DER_LIMIT');
  });

  it('bound the size', () => {
    const header = 5;
    const largest = derOctetString(new Uint8Array(MAX_DER_BYTES - header));
    expect(largest.length).toBe(MAX_DER_BYTES);
    expect(refusal(() => readOctets(parseDer(largest)))).toBe('accepted');
    const larger = derOctetString(new Uint8Array(MAX_DER_BYTES - header + 1));
    expect(refusal(() => readOctets(parseDer(larger)))).toBe('ERR_DER_LIMIT');
  });
});

describe('an element', () => {
  const two = parseDer(derSequence(derNull(), derNull()));

  it('has as many elements in it as are wanted', () => {
    expect(derElements(two, 2).length).toBe(2);
    expect(derElements(two, 1, 3).length).toBe(2);
    expect(refusal(() => derElements(two, 1))).toBe(INVALID);
    expect(refusal(() => derElements(two, 3))).toBe(INVALID);
    expect(derList(two).map(({ tag }) => tag)).toEqual([5, 5]);
    expect(derList(parseDer(derSequence()))).toEqual([]);
  });

  it('has the tag that is wanted, or is refused as one that is absent is', () => {
    const tagged = parseDer(derContext(1, true, derNull()));
    expect(derList(tagged, 0xa1).length).toBe(1);
    expect(refusal(() => derList(tagged))).toBe(INVALID);
    expect(refusal(() => derList(undefined))).toBe(INVALID);
    expect(derContent(parseDer(derContext(2, false, Uint8Array.of(5))), 0x82)).toEqual(
      Uint8Array.of(5),
    );
    expect(refusal(() => derContent(undefined, 0x82))).toBe(INVALID);
    expect(refusalError(() => derContent(two, 4))).toMatchObject({
      expected: 'tag 0x04',
      seen: 'tag 0x30',
    });
  });

  it('does not see changes to its input, nor passes on views', () => {
    const input = derOctetString(Uint8Array.of(1, 2));
    const element = parseDer(input);
    input[2] = 9;
    const value = readOctets(element);
    value[0] = 8;
    expect([toHex(readOctets(element)), toHex(readRaw(element))]).toEqual(['0102', '04020102']);
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
    expect(read(hex, readInteger)).toBe(code);
  });

  it('of any size reads as it was written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 600n), max: 1n << 600n }), (value) => {
        expect(readBigInteger(parseDer(derInteger(value)))).toBe(value);
      }),
    );
    for (const value of [0n, 127n, 128n, 255n, 256n, -1n, -128n, -129n]) {
      expect(readBigInteger(parseDer(derInteger(value)))).toBe(value);
    }
  });

  it('takes bytes as a number that is not negative', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const value = BigInt(`0x00${toHex(bytes)}`);
        expect(readBigInteger(parseDer(derInteger(bytes)))).toBe(value);
      }),
    );
    expect(toHex(derInteger(fromHex('007f')))).toBe('02017f');
    expect(toHex(derInteger(fromHex('80')))).toBe('02020080');
    expect(toHex(derInteger(fromHex('0000')))).toBe('020100');
  });

  it('stays in a range where a number is wanted', () => {
    const small = (value: bigint, max: number): string =>
      refusal(() => readSmallInteger(parseDer(derInteger(value)), max));
    expect([small(0n, 3), small(3n, 3), small(255n, 255)]).toEqual(Array(3).fill('accepted'));
    expect([small(4n, 3), small(-1n, 3), small(1n << 64n, 3)]).toEqual(Array(3).fill(INVALID));
    expect(readSmallInteger(parseDer(derInteger(0x7fffffffn)), 0x7fffffff)).toBe(0x7fffffff);
  });
});

describe('ENUMERATED, BOOLEAN, NULL', () => {
  it('are canonical', () => {
    expect(readEnumerated(parseDer(derEnumerated(2)), 2)).toBe(2);
    expect(read('0a0103', (element) => readEnumerated(element, 2))).toBe(INVALID);
    expect(read('0a020002', (element) => readEnumerated(element, 2))).toBe(INVALID);
    expect(refusal(() => derEnumerated(-1))).toBe('ERR_DER_WRITE');
    expect(readBoolean(parseDer(derBoolean(true)))).toBe(true);
    expect(readBoolean(parseDer(derBoolean(false)))).toBe(false);
    expect(read('010101', readBoolean)).toBe(INVALID);
    expect(read('01020000', readBoolean)).toBe(INVALID);
    expect(read('050100', readNull)).toBe(INVALID);
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
    expect(read(hex, readBitString)).toBe(code);
  });

  it('of named bits reads as it was written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 20 })), (bits) => {
        const set = readNamedBits(parseDer(derNamedBits(bits)));
        expect([...set].toSorted((a, b) => a - b)).toEqual(bits.toSorted((a, b) => a - b));
      }),
    );
    expect(toHex(derNamedBits([0, 5]))).toBe('03020284');
    expect(toHex(derNamedBits([]))).toBe('030100');
  });

  it.each(['0300', '030101', '030107', '03020800', '0302ff00'])(
    'of named bits %s has no valid count of unused bits',
    (hex) => {
      expect(read(hex, readNamedBits)).toBe(INVALID);
    },
  );

  it('refuses unused bits that are set', () => {
    expect(read('03020284', readNamedBits)).toBe('accepted');
    expect(read('03020286', readNamedBits)).toBe(INVALID);
    expect(derBitString(Uint8Array.of(1))).toEqual(fromHex('03020001'));
  });
});

describe('text', () => {
  it('keeps to its character set', () => {
    const text = (der: Uint8Array): string => readText(parseDer(der));
    expect(text(derUtf8String('Zürich'))).toBe('Zürich');
    expect(text(derPrintableString("A-z 0'?"))).toBe("A-z 0'?");
    expect(text(derIa5String('a@b'))).toBe('a@b');
    expect(read('130140', readText)).toBe(INVALID);
    expect(read('1602c3bc', readText)).toBe(INVALID);
    expect(read('140141', readText)).toBe(INVALID);
    expect(read('0c01ff', readText)).toBe(INVALID);
    expect(refusal(() => derPrintableString('a@b'))).toBe('ERR_DER_WRITE');
    expect(refusal(() => derIa5String('ü'))).toBe('ERR_DER_WRITE');
  });

  it('has a limit', () => {
    expect(readText(parseDer(derUtf8String('a'.repeat(4096)))).length).toBe(4096);
    const longer = derUtf8String('a'.repeat(4097));
    expect(refusal(() => readText(parseDer(longer)))).toBe('ERR_DER_LIMIT');
  });
});

describe('constructed elements', () => {
  it('put a SET OF in order', () => {
    const set = derSet(derOctetString(Uint8Array.of(2)), derOctetString(Uint8Array.of(1)));
    expect(toHex(set)).toBe('3106040101040102');
  });

  it('are not read where there is nothing', () => {
    expect(refusal(() => readRaw(undefined))).toBe(INVALID);
    expect(toHex(readRaw(parseDer(derNull())))).toBe('0500');
  });

  it('have a context tag of one octet', () => {
    expect(toHex(derContext(3, true, derNull()))).toBe('a3020500');
    expect(toHex(derContext(2, false, Uint8Array.of(1)))).toBe('820101');
    expect(toHex(derContext(30, false, new Uint8Array()))).toBe('9e00');
    for (const number of [31, -1, 1.5]) {
      expect(refusal(() => derContext(number, false, new Uint8Array()))).toBe('ERR_DER_WRITE');
    }
    expect(concatBytes(derSequence())).toEqual(fromHex('3000'));
  });
});
