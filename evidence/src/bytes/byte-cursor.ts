// SPDX-License-Identifier: Apache-2.0
import { EvidenceError, type RejectionCode } from '../errors.ts';

/**
 * Reads fields of a little-endian binary layout one after the other, and returns copies.
 *
 * It reads the bytes themselves: whoever makes one passes a copy of what came from outside.
 */
export class ByteCursor {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  readonly #code: RejectionCode;
  #offset = 0;

  /**
   * @param bytes the whole layout
   * @param what its name, for the error about a field that is longer than what is left
   * @param code of that error
   */
  constructor(bytes: Uint8Array, what: string, code: RejectionCode) {
    this.#bytes = bytes;
    this.#what = what;
    this.#code = code;
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
    return this.#bytes.slice(this.#pass(length), this.#offset);
  }

  /** The next `length` bytes themselves, for a reader that does not hand them out. */
  view(length: number): Uint8Array {
    return this.#bytes.subarray(this.#pass(length), this.#offset);
  }

  /** A cursor of its own over the next `length` bytes, without copying them. */
  part(length: number, what: string): ByteCursor {
    return new ByteCursor(this.view(length), what, this.#code);
  }

  /** A copy of bytes that have been read, or will be. */
  slice(start: number, end: number): Uint8Array {
    return this.#bytes.slice(start, end);
  }

  /** An unsigned number, least significant byte first; at most 6 bytes of it are exact. */
  number(length: number): number {
    const start = this.#pass(length);
    let value = 0;
    // Multiplication instead of shifts: a shift would make 0x80000000 and above negative.
    for (let index = this.#offset - 1; index >= start; index -= 1) {
      value = value * 256 + (this.#bytes[index] ?? 0);
    }
    return value;
  }

  // Passes over the next `length` bytes and returns where they begin.
  #pass(length: number): number {
    if (length > this.left) {
      throw new EvidenceError(this.#code, `${this.#what} is cut off`, {
        expected: `${length} more bytes`,
        seen: `${this.left} bytes`,
      });
    }
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
