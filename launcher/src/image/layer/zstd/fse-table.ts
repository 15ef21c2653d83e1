// SPDX-License-Identifier: Apache-2.0
import { byteAt, entryAt, wordAt } from './element.ts';
import { ZstdCorrupt } from './zstd-corrupt.ts';

/** A decoding table of finite state entropy (RFC 8878 section 4.1). */
export interface FseTable {
  /** Bits that the first state is read from. */
  readonly log: number;
  /**
   * For each state: its symbol in bits 0 to 7, how many bits are read for the next state in bits 8 to 15, and what is
   * added to them above.
   */
  readonly states: Uint32Array;
}

/** A table and where its description ends. */
export interface DescribedFseTable {
  readonly table: FseTable;
  readonly end: number;
}

/** Shortest table (RFC 8878 section 4.1.1). */
const MIN_LOG = 5;

/**
 * Reads the description of a table (RFC 8878 section 4.1.1).
 *
 * @param input - has it at `start`; it must end before `limit`
 * @param maxLog - largest allowed accuracy
 * @param maxSymbol - largest allowed symbol
 * @throws ZstdCorrupt
 */
export function readFseTable(
  input: Uint8Array,
  start: number,
  limit: number,
  maxLog: number,
  maxSymbol: number,
): DescribedFseTable {
  const log = (byteAt(input, start) & 15) + MIN_LOG;
  if (log > maxLog) throw new ZstdCorrupt('accuracy is too high');
  const frequencies: number[] = [];
  let position = start * 8 + 4;
  let remaining = 1 << log;
  while (remaining > 0) {
    if (frequencies.length > maxSymbol) throw new ZstdCorrupt('table has too many symbols');
    const { value, width } = readFrequency(input, position, remaining);
    position += width;
    remaining -= Math.abs(value);
    frequencies.push(value);
    if (value === 0) position = readZeros(input, position, frequencies, maxSymbol);
  }
  const end = (position + 7) >> 3;
  if (remaining < 0 || end > limit) throw new ZstdCorrupt('table does not add up');
  return { table: buildFseTable(frequencies, log), end };
}

/** Values that cannot be needed are left out, so that the small ones among the others take a bit less. */
function readFrequency(
  input: Uint8Array,
  position: number,
  remaining: number,
): { readonly value: number; readonly width: number } {
  const width = 32 - Math.clz32(remaining + 1);
  const low = (1 << (width - 1)) - 1;
  const threshold = (1 << width) - 2 - remaining;
  const bits = bitsAt(input, position, width);
  if ((bits & low) < threshold) return { value: (bits & low) - 1, width: width - 1 };
  return { value: (bits > low ? bits - threshold : bits) - 1, width };
}

/** After a zero it says in two bits each how many more follow; three means that there is another two bits. */
function readZeros(
  input: Uint8Array,
  start: number,
  frequencies: number[],
  maxSymbol: number,
): number {
  let position = start;
  for (let repeat = 3; repeat === 3; position += 2) {
    repeat = bitsAt(input, position, 2);
    if (frequencies.length + repeat > maxSymbol + 1) {
      throw new ZstdCorrupt('table has too many symbols');
    }
    for (let count = 0; count < repeat; count += 1) frequencies.push(0);
  }
  return position;
}

/**
 * Builds a table from how often each symbol occurs; -1 is less than once (RFC 8878 section 4.1.1).
 *
 * @param frequencies - by symbol, adding up to `1 << log` when -1 counts as 1
 */
export function buildFseTable(frequencies: readonly number[], log: number): FseTable {
  const size = 1 << log;
  const states = new Uint32Array(size);
  const next = Uint32Array.from(frequencies, Math.abs);
  let high = size;
  for (const [symbol, frequency] of frequencies.entries()) {
    if (frequency !== -1) continue;
    high -= 1;
    states[high] = symbol;
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let position = 0;
  for (const [symbol, frequency] of frequencies.entries()) {
    for (let count = 0; count < frequency; count += 1) {
      states[position] = symbol;
      do position = (position + step) & (size - 1);
      while (position >= high);
    }
  }
  for (let state = 0; state < size; state += 1) {
    const symbol = entryAt(states, state);
    const value = entryAt(next, symbol);
    next[symbol] = value + 1;
    const width = log - (31 - Math.clz32(value));
    states[state] = symbol | (width << 8) | (((value << width) - size) << 16);
  }
  return { log, states };
}

/** A table that knows one symbol and needs no bits for it. */
export function singleSymbolTable(symbol: number): FseTable {
  return { log: 0, states: Uint32Array.of(symbol) };
}

/** Up to 16 bits, lowest first, from a bit position. */
function bitsAt(input: Uint8Array, position: number, width: number): number {
  return (wordAt(input, position >> 3) >>> (position & 7)) & ((1 << width) - 1);
}
