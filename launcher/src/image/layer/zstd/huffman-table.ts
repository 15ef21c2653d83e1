// SPDX-License-Identifier: Apache-2.0
import { byteAt, entryAt } from './element.ts';
import { readFseTable } from './fse-table.ts';
import { ReverseBits } from './reverse-bits.ts';
import { ZstdCorrupt } from './zstd-corrupt.ts';

/** A Huffman decoding table (RFC 8878 section 4.2): looked up with the next bits of a stream. */
export interface HuffmanTable {
  /** Bits of the longest code. */
  readonly log: number;
  /** Symbol in the low byte, length of its code above it. */
  readonly entries: Uint32Array;
}

/** A table and where its description ends. */
export interface DescribedHuffmanTable {
  readonly table: HuffmanTable;
  readonly end: number;
}

/** Longest code, and accuracy of the table that weights are packed with (RFC 8878 section 4.2.1). */
const MAX_LOG = 11;
const MAX_WEIGHT_ACCURACY = 6;
/** There are 256 literals, and the last one's weight is not written. */
const MAX_WEIGHTS = 255;

/** Reads the description of a table (RFC 8878 section 4.2.1). */
export function readHuffmanTable(
  input: Uint8Array,
  start: number,
  limit: number,
): DescribedHuffmanTable {
  const header = byteAt(input, start);
  const isPacked = header < 128;
  const length = isPacked ? header : (header - 127 + 1) >> 1;
  const end = start + 1 + length;
  if (length === 0 || end > limit) throw new ZstdCorrupt('Huffman table is too long');
  const weights = isPacked
    ? unpackWeights(input, start + 1, end)
    : plainWeights(input, start + 1, header - 127);
  return { table: buildHuffmanTable(weights), end };
}

/** Four bits each, the high ones first. */
function plainWeights(input: Uint8Array, start: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => {
    const byte = byteAt(input, start + (at >> 1));
    return at % 2 === 0 ? byte >> 4 : byte & 15;
  });
}

/** Two states take turns until the stream has no bits for the next one (RFC 8878 section 4.2.1.2). */
function unpackWeights(input: Uint8Array, start: number, end: number): readonly number[] {
  const { table, end: streamStart } = readFseTable(
    input,
    start,
    end,
    MAX_WEIGHT_ACCURACY,
    MAX_LOG + 1,
  );
  const stream = new ReverseBits(input, streamStart, end);
  const weights: number[] = [];
  let current = stream.read(table.log);
  let other = stream.read(table.log);
  for (;;) {
    const entry = entryAt(table.states, current);
    weights.push(entry & 0xff);
    const width = (entry >>> 8) & 0xff;
    if (weights.length >= MAX_WEIGHTS) throw new ZstdCorrupt('Huffman table has too many weights');
    if (stream.left < width) {
      weights.push(entryAt(table.states, other) & 0xff);
      return weights;
    }
    current = other;
    other = (entry >>> 16) + stream.read(width);
  }
}

/** Shorter codes have higher weights; the last symbol fills what the others leave (RFC 8878 section 4.2.1.3). */
function buildHuffmanTable(given: readonly number[]): HuffmanTable {
  let total = 0;
  for (const weight of given) {
    if (weight > MAX_LOG) throw new ZstdCorrupt('Huffman code is too long');
    if (weight > 0) total += 1 << (weight - 1);
  }
  const log = 32 - Math.clz32(total);
  const rest = (1 << log) - total;
  if (total === 0 || log > MAX_LOG || (rest & (rest - 1)) !== 0) {
    throw new ZstdCorrupt('Huffman codes do not add up');
  }
  const weights = [...given, 32 - Math.clz32(rest)];
  const entries = new Uint32Array(1 << log);
  let at = 0;
  for (let weight = 1; weight <= log; weight += 1) {
    for (const [symbol, own] of weights.entries()) {
      if (own !== weight) continue;
      const end = at + (1 << (weight - 1));
      entries.fill(symbol | ((log + 1 - weight) << 8), at, end);
      at = end;
    }
  }
  return { log, entries };
}
