// SPDX-License-Identifier: Apache-2.0
import { byteAt, entryAt, wordAt } from './element.ts';
import { readHuffmanTable, type HuffmanTable } from './huffman-table.ts';
import { lastBit } from './reverse-bits.ts';
import { ZstdCorrupt } from './zstd-corrupt.ts';

/** What the literals section of a block gave. */
export interface Literals {
  /** In the buffer that was passed in. */
  readonly length: number;
  /** Where the section ends. */
  readonly end: number;
  /** Kept for later blocks of the frame. */
  readonly table: HuffmanTable | undefined;
}

interface Header {
  readonly type: number;
  readonly streams: 1 | 4;
  readonly regenerated: number;
  readonly packed: number;
  readonly size: number;
}

const RAW = 0;
const RUN = 1;
const COMPRESSED = 2;

/** By format: bytes of the header, and bits of each of the two sizes in it. */
const LONG_HEADERS: readonly (readonly [size: number, width: number])[] = [
  [3, 10],
  [3, 10],
  [4, 14],
  [5, 18],
];

/** Sizes of the first three of four streams, two bytes each (RFC 8878 section 4.2.2). */
const JUMP_TABLE_BYTES = 6;

/**
 * Unpacks the literals of a block (RFC 8878 section 3.1.1.3.1).
 *
 * @param input - the block lies in it from `start` up to `limit`, with at least 8 bytes on both sides
 * @param table - of an earlier block of the frame
 * @param out - gets the literals; its length is the most there may be
 */
export function readLiterals(
  input: Uint8Array,
  start: number,
  limit: number,
  table: HuffmanTable | undefined,
  out: Uint8Array,
): Literals {
  const header = readHeader(input, start);
  const length = header.regenerated;
  const body = start + header.size;
  const end = body + header.packed;
  if (length > out.length || end > limit) throw new ZstdCorrupt('literals are too long');
  if (header.type === RAW) {
    out.set(input.subarray(body, end));
    return { length, end, table };
  }
  if (header.type === RUN) {
    out.fill(byteAt(input, body), 0, length);
    return { length, end, table };
  }
  const described =
    header.type === COMPRESSED ? readHuffmanTable(input, body, end) : { table, end: body };
  if (described.table === undefined)
    throw new ZstdCorrupt('literals use a table that is not there');
  const target = out.subarray(0, length);
  if (header.streams === 1) readStream(input, described.end, end, described.table, target);
  else readFourStreams(input, described.end, end, described.table, target);
  return { length, end, table: described.table };
}

/** RFC 8878 section 3.1.1.3.1.1. */
function readHeader(input: Uint8Array, start: number): Header {
  const first = byteAt(input, start);
  const type = first & 3;
  const format = (first >> 2) & 3;
  return type <= RUN
    ? shortHeader(input, start, type, format)
    : longHeader(input, start, type, format);
}

/** For literals that are stored, or all the same. */
function shortHeader(input: Uint8Array, start: number, type: number, format: number): Header {
  const word = wordAt(input, start);
  // The low bit of the format tells a size of five bits, which takes the high one, from longer ones.
  const [size, regenerated] =
    format === 1
      ? [2, (word >> 4) & 0xfff]
      : format === 3
        ? [3, (word >> 4) & 0xfffff]
        : [1, (word >> 3) & 0x1f];
  return { type, streams: 1, regenerated, packed: type === RAW ? regenerated : 1, size };
}

function longHeader(input: Uint8Array, start: number, type: number, format: number): Header {
  const [size, width] = LONG_HEADERS[format] ?? [0, 0];
  // 40 bits at most: more than the operators on 32 of them can take.
  const all = (wordAt(input, start) >>> 0) + byteAt(input, start + 4) * 2 ** 32;
  const both = Math.floor(all / 16);
  return {
    type,
    streams: format === 0 ? 1 : 4,
    regenerated: both % 2 ** width,
    packed: Math.floor(both / 2 ** width) % 2 ** width,
    size,
  };
}

function readFourStreams(
  input: Uint8Array,
  start: number,
  end: number,
  table: HuffmanTable,
  out: Uint8Array,
): void {
  const quarter = (out.length + 3) >> 2;
  if (end - start < JUMP_TABLE_BYTES || quarter * 3 > out.length) {
    throw new ZstdCorrupt('literals are too short for four streams');
  }
  let from = start + JUMP_TABLE_BYTES;
  for (let stream = 0; stream < 4; stream += 1) {
    const at = start + stream * 2;
    const to = stream === 3 ? end : from + (byteAt(input, at) | (byteAt(input, at + 1) << 8));
    if (to > end) throw new ZstdCorrupt('stream of literals is too long');
    const target = out.subarray(
      stream * quarter,
      stream === 3 ? out.length : (stream + 1) * quarter,
    );
    readStream(input, from, to, table, target);
    from = to;
  }
}

/** Fills the output from one stream, which has to end with it (RFC 8878 section 4.2.2). */
function readStream(
  input: Uint8Array,
  start: number,
  end: number,
  { log, entries }: HuffmanTable,
  out: Uint8Array,
): void {
  const mask = (1 << log) - 1;
  const first = start * 8;
  let position = lastBit(input, start, end);
  for (let at = 0; at < out.length; at += 1) {
    // Past the first bit there are others, which no code can use: the position would be wrong in the end.
    const look = position - log;
    const entry = entryAt(entries, (wordAt(input, look >> 3) >>> (look & 7)) & mask);
    out[at] = entry & 0xff;
    position -= entry >> 8;
    if (position < first) throw new ZstdCorrupt('stream of literals ends too early');
  }
  if (position !== first) throw new ZstdCorrupt('stream of literals is too long');
}
