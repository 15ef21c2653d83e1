// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from './bytes.ts';

/**
 * Reads fields of a little-endian binary layout one after the other.
 *
 * Works on a copy of its input, and returns copies.
 */
export class ByteCursor {
  #bytes: Uint8Array;
  readonly #truncated: (needed: number, left: number) => Error;
  #offset = 0;

  /**
   * @param bytes the whole layout
   * @param truncated makes the error for a field that is longer than what is left
   */
  constructor(bytes: Uint8Array, truncated: (needed: number, left: number) => Error) {
    this.#bytes = copyBytes(bytes);
    this.#truncated = truncated;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#bytes.length - this.#offset;
  }

  /** The next `length` bytes. */
  take(length: number): Uint8Array {
    return this.#bytes.slice(this.#advance(length), this.#offset);
  }

  /** A cursor of its own over the next `length` bytes; it shares this one's copy of them. */
  part(length: number, truncated: (needed: number, left: number) => Error): ByteCursor {
    const start = this.#advance(length);
    const part = new ByteCursor(new Uint8Array(), truncated);
    part.#bytes = this.#bytes.subarray(start, this.#offset);
    return part;
  }

  /** Up to `length` bytes that come next; they stay unread. */
  peek(length: number): Uint8Array {
    return this.#bytes.slice(this.#offset, this.#offset + length);
  }

  /** Everything that is left. */
  rest(): Uint8Array {
    return this.take(this.left);
  }

  /** A copy of bytes that have been read, or will be. */
  slice(start: number, end: number): Uint8Array {
    return this.#bytes.slice(start, end);
  }

  // Unsigned numbers, least significant byte first.

  u8(): number {
    return this.#unsigned(1);
  }

  u16(): number {
    return this.#unsigned(2);
  }

  u32(): number {
    return this.#unsigned(4);
  }

  u64(): bigint {
    return this.take(8).reduceRight<bigint>((value, octet) => (value << 8n) | BigInt(octet), 0n);
  }

  #unsigned(length: number): number {
    const start = this.#advance(length);
    let value = 0;
    // Multiplication instead of shifts: a shift would make 0x80000000 and above negative.
    for (let index = this.#offset - 1; index >= start; index -= 1) {
      value = value * 256 + (this.#bytes[index] ?? 0);
    }
    return value;
  }

  // Passes over the next `length` bytes and returns where they begin.
  #advance(length: number): number {
    if (length > this.left) throw this.#truncated(length, this.left);
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}

/**
 * Writes a natural number as `length` bytes, least significant first; the caller has checked its
 * range.
 */
export function littleEndian(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => Math.floor(value / 256 ** index) % 256);
}
