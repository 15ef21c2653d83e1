// SPDX-License-Identifier: Apache-2.0
import { buildFseTable, type FseTable } from './fse-table.ts';

/** One of the three numbers that a sequence has: a code in an FSE table, then extra bits. */
export interface SequenceCode {
  readonly maxSymbol: number;
  /** Largest accuracy of a table (RFC 8878 section 3.1.1.3.2.1). */
  readonly maxLog: number;
  /** Used without being described in the block (RFC 8878 section 3.1.1.3.2.2). */
  readonly predefined: FseTable;
}

/** RFC 8878 section 3.1.1.3.2.2.1. */
export const LITERAL_LENGTHS: SequenceCode = {
  maxSymbol: 35,
  maxLog: 9,
  predefined: buildFseTable(
    [4, 3, ...times(11, 2), 1, 1, 1, ...times(9, 2), 3, 2, 1, 1, 1, 1, 1, ...times(4, -1)],
    6,
  ),
};

/** RFC 8878 section 3.1.1.3.2.2.2. */
export const MATCH_LENGTHS: SequenceCode = {
  maxSymbol: 52,
  maxLog: 9,
  predefined: buildFseTable([1, 4, 3, ...times(6, 2), ...times(37, 1), ...times(7, -1)], 6),
};

/** RFC 8878 section 3.1.1.3.2.2.3; a code is also the number of its extra bits. */
export const OFFSETS: SequenceCode = {
  maxSymbol: 31,
  maxLog: 8,
  predefined: buildFseTable([...times(6, 1), 2, 2, 2, ...times(15, 1), ...times(5, -1)], 5),
};

/** By code: the number of extra bits in bits 0 to 7, and the smallest length above (RFC 8878 tables 16 and 17). */
export const LITERAL_LENGTH_CODES: Uint32Array = lengthCodes(0, [
  ...times(16, 0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
]);
export const MATCH_LENGTH_CODES: Uint32Array = lengthCodes(3, [
  ...times(32, 0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
]);

/** The lengths of a code follow on those of the code before it. */
function lengthCodes(smallest: number, extraBits: readonly number[]): Uint32Array {
  let base = smallest;
  return Uint32Array.from(extraBits, (bits) => {
    const entry = bits | (base << 8);
    base += 1 << bits;
    return entry;
  });
}

function times(count: number, value: number): readonly number[] {
  return Array.from({ length: count }, () => value);
}
