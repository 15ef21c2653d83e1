// SPDX-License-Identifier: Apache-2.0
import { byteAt, entryAt } from './element.ts';
import type { FseTable } from './fse-table.ts';
import type { ReverseBits } from './reverse-bits.ts';
import { LITERAL_LENGTH_CODES, MATCH_LENGTH_CODES } from './sequence-codes.ts';
import type { SequenceTables } from './sequence-tables.ts';
import { ZstdCorrupt } from './zstd-corrupt.ts';

/** Where sequences are carried out. */
export interface SequenceTarget {
  /** What lies before `position` can be referred to. */
  readonly output: Uint8Array;
  position: number;
  /** The block must not grow beyond this. */
  readonly limit: number;
  /** Farthest that a match may begin before the start of the block. */
  readonly history: number;
  /** The last three offsets (RFC 8878 section 3.1.1.5). */
  readonly repeats: Uint32Array;
}

/** Copies below this length are faster byte by byte than by a call. */
const SHORT_COPY = 24;

/**
 * Carries out the sequences of a block (RFC 8878 section 3.1.1.4): each copies some literals and then something that
 * is already in the output.
 *
 * @returns how many literals were used
 * @throws ZstdCorrupt
 */
export function runSequences(
  stream: ReverseBits,
  count: number,
  tables: SequenceTables,
  literals: Uint8Array,
  target: SequenceTarget,
): number {
  const begin = target.position;
  const lengthTable = tables.literalLengths.states;
  const offsetTable = tables.offsets.states;
  const matchTable = tables.matchLengths.states;
  let used = 0;
  let lengthState = firstState(stream, tables.literalLengths);
  let offsetState = firstState(stream, tables.offsets);
  let matchState = firstState(stream, tables.matchLengths);
  for (let left = count; left > 0; left -= 1) {
    const value = readOffset(stream, offsetState & 0xff);
    const matchLength = readLength(stream, MATCH_LENGTH_CODES, matchState);
    const length = readLength(stream, LITERAL_LENGTH_CODES, lengthState);
    const offset = nextOffset(target.repeats, value, length);
    copyLiterals(literals, used, length, target);
    used += length;
    if (offset > target.history + (target.position - begin)) {
      throw new ZstdCorrupt('match begins before the start');
    }
    copyMatch(target, offset, matchLength);
    if (left > 1) {
      lengthState = nextState(stream, lengthTable, lengthState);
      matchState = nextState(stream, matchTable, matchState);
      offsetState = nextState(stream, offsetTable, offsetState);
    }
  }
  if (stream.left !== 0) throw new ZstdCorrupt('sequences are too long');
  return used;
}

/** A state is kept as its entry in the table. */
function firstState(stream: ReverseBits, table: FseTable): number {
  return entryAt(table.states, stream.read(table.log));
}

function nextState(stream: ReverseBits, states: Uint32Array, entry: number): number {
  return entryAt(states, (entry >>> 16) + stream.read((entry >>> 8) & 0xff));
}

function readOffset(stream: ReverseBits, code: number): number {
  return ((1 << code) >>> 0) + stream.read(code);
}

function readLength(stream: ReverseBits, codes: Uint32Array, entry: number): number {
  const code = entryAt(codes, entry & 0xff);
  return (code >>> 8) + stream.read(code & 0xff);
}

/** RFC 8878 section 3.1.1.5: small values name one of the last offsets. */
function nextOffset(repeats: Uint32Array, value: number, literalLength: number): number {
  const first = entryAt(repeats, 0);
  const second = entryAt(repeats, 1);
  if (value > 3) {
    repeats[2] = second;
    repeats[1] = first;
    repeats[0] = value - 3;
    return value - 3;
  }
  const which = literalLength === 0 ? value : value - 1;
  if (which === 0) return first;
  const offset = which === 3 ? first - 1 : entryAt(repeats, which);
  if (offset === 0) throw new ZstdCorrupt('offset is zero');
  if (which > 1) repeats[2] = second;
  repeats[1] = first;
  repeats[0] = offset;
  return offset;
}

function copyLiterals(
  literals: Uint8Array,
  from: number,
  length: number,
  target: SequenceTarget,
): void {
  const { output, position } = target;
  if (from + length > literals.length) throw new ZstdCorrupt('literals run out');
  if (position + length > target.limit) throw new ZstdCorrupt('block is larger than allowed');
  if (length > SHORT_COPY) output.set(literals.subarray(from, from + length), position);
  else for (let at = 0; at < length; at += 1) output[position + at] = byteAt(literals, from + at);
  target.position = position + length;
}

/** A match may reach into itself: then it repeats what it has just written. */
function copyMatch(target: SequenceTarget, offset: number, length: number): void {
  const { output, position } = target;
  const from = position - offset;
  if (position + length > target.limit) throw new ZstdCorrupt('block is larger than allowed');
  if (length > SHORT_COPY && offset >= length) output.copyWithin(position, from, from + length);
  else if (offset === 1) output.fill(byteAt(output, from), position, position + length);
  else for (let at = 0; at < length; at += 1) output[position + at] = byteAt(output, from + at);
  target.position = position + length;
}
