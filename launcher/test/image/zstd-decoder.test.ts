// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { zstdBomb, zstdOf } from '../../../test/containers/support/oci-zstd.ts';
import { ZstdCorrupt } from '../../src/image/layer/zstd/zstd-corrupt.ts';
import { ZstdDecoder } from '../../src/image/layer/zstd/zstd-decoder.ts';

const DATA = join(import.meta.dirname, 'data', 'zstd');
const MIB = 1024 ** 2;

const SHORT = sampleText(300, 12);
const CONTENT: Readonly<Record<string, Buffer>> = {
  words: sampleText(200_000, 40),
  letters: sampleText(20_000, 0),
  short: SHORT,
  empty: Buffer.alloc(0),
  zeros: Buffer.alloc(1_000_000),
  frames: Buffer.concat([SHORT, SHORT]),
  records: sampleRecords(),
  few: sampleFewLetters(),
};

/** Weights of 98 symbols: all 0 but that of `a`; the one of `b` follows from it. */
const PLAIN_WEIGHTS = [225, ...Array.from({ length: 48 }, () => 0), 1];

const files = readdirSync(DATA).map((name) => ({
  name,
  packed: readFileSync(join(DATA, name)),
  content: CONTENT[/^[a-z]+/.exec(name)![0]]!,
}));
const short = fileNamed('short.zst');

describe('ZstdDecoder', () => {
  test.each(files)('unpacks $name', ({ packed, content }) => {
    expect(unpack(packed).equals(content)).toBe(true);
  });

  test.each(files)('unpacks $name in pieces of any size', ({ packed, content }) => {
    for (const size of [1, 2, 7, 1_000]) expect(unpack(packed, size).equals(content)).toBe(true);
  });

  test.each(files)('refuses $name without its end', ({ packed }) => {
    const cuts = [1, 2, 3, 4, 5, packed.length >> 1, packed.length - 1];
    for (const cut of cuts.filter((bytes) => bytes < packed.length)) {
      // The end of a frame among several is the end of an input.
      const rest = packed.subarray(0, packed.length - cut);
      expect(() => unpack(rest)).toThrow(ZstdCorrupt);
    }
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['other data', Buffer.from('this is not zstd data')],
    ['bytes after the end', Buffer.concat([short, Buffer.from('x')])],
    ['zeros after the end', Buffer.concat([short, Buffer.alloc(100)])],
    ['a reserved bit of the frame', changed(short, 4, 0x08)],
    [
      'a dictionary',
      Buffer.concat([short.subarray(0, 4), Buffer.from([0x21, 7, 0]), Buffer.of(1, 0, 0)]),
    ],
    ['a block of a reserved type', blockOf(0b111)],
    ['a block above 128 KiB', blockOf(((128 * 1024 + 1) << 3) | 0b011)],
    [
      'more than the frame says',
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 0x11, 0, 0, 65, 65]),
    ],
    ['less than the frame says', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 2, 0x09, 0, 0, 65])],
  ])('refuses %s', (_, packed) => {
    expect(() => unpack(packed)).toThrow(ZstdCorrupt);
  });

  test('accepts a frame that says its size', () => {
    const packed = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 0x09, 0, 0, 65]);
    expect(unpack(packed).toString()).toBe('A');
  });

  test.each([
    ['a run of literals', compressed([0x29, 0x78, 0]), 'xxxxx'],
    ['a match', compressed([0x08, 0x78, 1, 0x54, 1, 2, 0, 0x04]), 'xxxx'],
    [
      'a table of plain weights',
      compressed([...packedLiterals(4, 51), ...PLAIN_WEIGHTS, 0x16, 0]),
      'abba',
    ],
  ])('accepts %s', (_, packed, content) => {
    expect(unpack(packed).toString()).toBe(content);
  });

  test.each([
    ['literals by a table that is not there', [0x43, 0x40, 0, 0x16, 0]],
    ['literals that end too early', [...packedLiterals(5, 51), ...PLAIN_WEIGHTS, 0x16, 0]],
    ['literals that go on too long', [...packedLiterals(3, 51), ...PLAIN_WEIGHTS, 0x16, 0]],
    ['literals whose stream has no end', [...packedLiterals(4, 51), ...PLAIN_WEIGHTS, 0, 0]],
    ['literals beyond the block', [0xf8]],
    ['four streams for one literal', [0x16, 0x80, 1, 1, 0, 0, 0, 0, 0, 0]],
    ['weights beyond the block', [...packedLiterals(4, 3), 225, 0, 0, 0]],
    ['no weights', [...packedLiterals(4, 2), 0, 0x16, 0]],
    ['weights that do not add up', [...packedLiterals(4, 4), 129, 0x12, 0x20, 0x16, 0]],
    ['a block without sequences section', [0x28, 0x78]],
    ['bytes after no sequences', [0x28, 0x78, 0, 0, 0]],
    ['a reserved mode', [0, 1, 0x01, 0x80]],
    ['sequences by a table that is not there', [0, 1, 0xfc, 0x80]],
    ['a symbol that is too large', [0, 1, 0x54, 36, 1, 1, 0x80]],
    ['tables beyond the block', [0, 1, 0x54]],
    ['a table of too high accuracy', [0, 1, 0xa8, 0x0f, 0, 0, 0x80]],
    ['a sequence that copies more literals than there are', [0, 1, 0x54, 1, 0, 0, 0x01]],
    ['a match before the start', [0x08, 0x78, 1, 0x54, 1, 2, 0, 0x05]],
    ['an offset of zero', [0, 1, 0x54, 0, 1, 0, 0x03]],
    ['sequences without their bits', [0x08, 0x78, 1, 0x54, 1, 2, 0, 0x01]],
  ])('refuses %s', (_, body) => {
    expect(() => unpack(compressed(body))).toThrow(ZstdCorrupt);
  });

  test('keeps to its window', () => {
    const packed = fileNamed('words-window.zst');
    const decode = (maxWindowBytes: number) => () => unpack(packed, packed.length, maxWindowBytes);
    expect(decode(16 * MIB)).not.toThrow();
    expect(decode(16 * MIB - 1)).toThrow('window is too large');
  });

  test('gives a bomb away piece by piece', () => {
    const bomb = zstdBomb(Buffer.from('x'), 2 * 1024 * MIB);
    expect(bomb.length).toBeLessThan(MIB);
    let unpacked = 0;
    for (const piece of new ZstdDecoder({ maxWindowBytes: MIB }).write(bomb)) {
      unpacked += piece.length;
      expect(piece.length).toBeLessThanOrEqual(128 * 1024);
      if (unpacked > 10 * MIB) break;
    }
    expect(unpacked).toBeLessThan(11 * MIB);
  });

  test('unpacks what was stored', () => {
    const content = Buffer.concat([CONTENT['words']!, Buffer.alloc(300_000), SHORT]);
    expect(unpack(zstdOf(content)).equals(content)).toBe(true);
  });

  test('takes any damage for what it is', () => {
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % below;
    };
    const small = files.filter(({ content }) => content.length <= 20_000);
    let refused = 0;
    for (let round = 0; round < 1_000; round += 1) {
      const { packed, content } = small[random(small.length)]!;
      const damaged = Buffer.from(packed);
      const at = random(2) === 0 ? random(damaged.length) : random(Math.min(60, damaged.length));
      damaged[at] = damaged[at]! ^ (1 << random(8));
      try {
        // A change may hit what nobody reads, such as the checksum.
        expect(unpack(damaged).length).toBeLessThan(content.length + 256 * 1024);
      } catch (error) {
        expect(error).toBeInstanceOf(ZstdCorrupt);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(300);
  });
});

function unpack(packed: Uint8Array, pieceSize = 50_000, maxWindowBytes = 64 * MIB): Buffer {
  const decoder = new ZstdDecoder({ maxWindowBytes });
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < packed.length; at += pieceSize) {
    for (const piece of decoder.write(packed.subarray(at, at + pieceSize)))
      pieces.push(piece.slice());
  }
  decoder.finish();
  return Buffer.concat(pieces);
}

/** Text that is the same whenever it is made: words of a small vocabulary, or single letters when that is 0. */
function sampleText(size: number, vocabulary: number): Buffer {
  let state = 12_345;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
  const parts: string[] = [];
  for (let length = 0; length < size; length += parts.at(-1)!.length) {
    const letter = (): string => String.fromCharCode(32 + Math.floor(random() ** 3 * 90));
    const word = (): string => `word${String(Math.floor(random() ** 2 * vocabulary))} `;
    parts.push(vocabulary === 0 ? letter() : word());
  }
  return Buffer.from(parts.join('').slice(0, size), 'latin1');
}

/** The same 64 bytes again and again, with 8 others between. */
function sampleRecords(): Buffer {
  const random = sampleRandom();
  // When the file was made, the other sample had been taken before.
  for (let taken = 0; taken < 3_000; taken += 1) random();
  const bytes = (count: number): Buffer =>
    Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256)));
  const key = bytes(64);
  return Buffer.concat(Array.from({ length: 60 }, () => [key, bytes(8)]).flat());
}

/** 3 000 letters out of four. */
function sampleFewLetters(): Buffer {
  const random = sampleRandom();
  return Buffer.from(
    Array.from({ length: 3_000 }, () => 'abcd'[Math.floor(random() ** 2 * 4)]).join(''),
  );
}

function sampleRandom(): () => number {
  let state = 99;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}

/** A frame with a window of 1 MiB and one compressed block. */
function compressed(body: readonly number[]): Buffer {
  const header = (body.length << 3) | 0b101;
  const start = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x50];
  return Buffer.from([...start, header & 0xff, (header >> 8) & 0xff, header >> 16, ...body]);
}

/** Header of literals that are packed in one stream (RFC 8878 section 3.1.1.3.1.1). */
function packedLiterals(regenerated: number, packed: number): readonly number[] {
  const header = 2 | (regenerated << 4) | (packed << 14);
  return [header & 0xff, (header >> 8) & 0xff, header >> 16];
}

function fileNamed(name: string): Buffer {
  return readFileSync(join(DATA, name));
}

function changed(bytes: Uint8Array, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = copy[at]! ^ bit;
  return copy;
}

/** A frame with a window of 1 MiB and a block that begins so. */
function blockOf(header: number): Buffer {
  return Buffer.from([
    0x28,
    0xb5,
    0x2f,
    0xfd,
    0,
    0x50,
    header & 0xff,
    (header >> 8) & 0xff,
    header >> 16,
    1,
  ]);
}
