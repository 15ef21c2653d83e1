// SPDX-License-Identifier: Apache-2.0
import { byteAt } from './element.ts';
import {
  readFseTable,
  singleSymbolTable,
  type DescribedFseTable,
  type FseTable,
} from './fse-table.ts';
import { LITERAL_LENGTHS, MATCH_LENGTHS, OFFSETS, type SequenceCode } from './sequence-codes.ts';
import { ZstdCorrupt } from './zstd-corrupt.ts';

/** The tables that the sequences of a block are written with; the next block may use them again. */
export interface SequenceTables {
  readonly literalLengths: FseTable;
  readonly offsets: FseTable;
  readonly matchLengths: FseTable;
}

/** The beginning of the sequences section. */
export interface SequenceHeader {
  readonly count: number;
  /** Absent only when there are no sequences. */
  readonly tables: SequenceTables | undefined;
  /** Where the bit stream begins. */
  readonly start: number;
}

/** Above this the count takes three bytes, below 128 one (RFC 8878 section 3.1.1.3.2.1). */
const THREE_BYTES = 255;

/**
 * Reads how many sequences there are and with which tables they are written (RFC 8878 section 3.1.1.3.2.1).
 *
 * @param last - tables of the block before
 * @throws ZstdCorrupt
 */
export function readSequenceHeader(
  input: Uint8Array,
  start: number,
  limit: number,
  last: SequenceTables | undefined,
): SequenceHeader {
  if (start >= limit) throw new ZstdCorrupt('block ends before its sequences');
  const { count, size } = readCount(input, start);
  if (count === 0) return { count, tables: last, start: start + size };
  const modes = byteAt(input, start + size);
  if ((modes & 3) !== 0) throw new ZstdCorrupt('sequences have a reserved mode');
  const reader = new TableReader(input, start + size + 1, limit);
  const literalLengths = reader.next(LITERAL_LENGTHS, modes >> 6, last?.literalLengths);
  const offsets = reader.next(OFFSETS, (modes >> 4) & 3, last?.offsets);
  const matchLengths = reader.next(MATCH_LENGTHS, (modes >> 2) & 3, last?.matchLengths);
  return { count, tables: { literalLengths, offsets, matchLengths }, start: reader.position };
}

function readCount(
  input: Uint8Array,
  start: number,
): { readonly count: number; readonly size: number } {
  const first = byteAt(input, start);
  const second = byteAt(input, start + 1);
  if (first < 128) return { count: first, size: 1 };
  if (first < THREE_BYTES) return { count: ((first - 128) << 8) + second, size: 2 };
  return { count: 0x7f00 + second + (byteAt(input, start + 2) << 8), size: 3 };
}

class TableReader {
  readonly #input: Uint8Array;
  readonly #limit: number;
  position: number;

  constructor(input: Uint8Array, start: number, limit: number) {
    this.#input = input;
    this.#limit = limit;
    this.position = start;
  }

  next(code: SequenceCode, mode: number, last: FseTable | undefined): FseTable {
    const { table, end } = this.#read(code, mode, last);
    if (end > this.#limit) throw new ZstdCorrupt('tables are longer than the block');
    this.position = end;
    return table;
  }

  #read(code: SequenceCode, mode: number, last: FseTable | undefined): DescribedFseTable {
    const start = this.position;
    if (mode === 0) return { table: code.predefined, end: start };
    if (mode === 2) {
      return readFseTable(this.#input, start, this.#limit, code.maxLog, code.maxSymbol);
    }
    if (mode === 1) {
      const symbol = byteAt(this.#input, start);
      if (symbol > code.maxSymbol) throw new ZstdCorrupt('symbol is too large');
      return { table: singleSymbolTable(symbol), end: start + 1 };
    }
    if (last === undefined) throw new ZstdCorrupt('sequences use a table that is not there');
    return { table: last, end: start };
  }
}
