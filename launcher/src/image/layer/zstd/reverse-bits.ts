// SPDX-License-Identifier: Apache-2.0
import { byteAt, wordAt } from './element.ts';
import { ZstdCorrupt } from './zstd-corrupt.ts';

/** Most bits that one look into 32 of them gives, whatever the position in the first byte. */
const MAX_LOOK = 25;

/**
 * Where a backward stream begins to be read: its last byte has a 1 above the last bit (RFC 8878 section 4.1.2).
 *
 * @returns position of the first unread bit, counted from the start of the input
 */
export function lastBit(input: Uint8Array, start: number, end: number): number {
  const last = byteAt(input, end - 1);
  if (end <= start || last === 0) throw new ZstdCorrupt('stream has no end');
  return end * 8 - 8 + (31 - Math.clz32(last));
}

/** Reads a backward bit stream (RFC 8878 section 4.1.2). */
export class ReverseBits {
  readonly #input: Uint8Array;
  readonly #first: number;
  /** Bits that are left, counted from the start of the input. */
  #position: number;

  /** The stream lies in `input` from `start` up to `end`. */
  constructor(input: Uint8Array, start: number, end: number) {
    this.#input = input;
    this.#first = start * 8;
    this.#position = lastBit(input, start, end);
  }

  /** Up to 32 bits. @throws ZstdCorrupt when there are not as many left */
  read(width: number): number {
    if (width > MAX_LOOK) {
      const high = this.read(width - MAX_LOOK);
      return high * 2 ** MAX_LOOK + this.read(MAX_LOOK);
    }
    const position = this.#position - width;
    if (position < this.#first) throw new ZstdCorrupt('stream ends too early');
    this.#position = position;
    return (wordAt(this.#input, position >> 3) >>> (position & 7)) & ((1 << width) - 1);
  }

  /** Bits that are left. */
  get left(): number {
    return this.#position - this.#first;
  }
}
