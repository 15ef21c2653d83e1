// SPDX-License-Identifier: Apache-2.0
import { equalBytes } from '../bytes/bytes.ts';
import { type ByteCursor, littleEndian } from '../bytes/byte-cursor.ts';
import { toHex } from '../bytes/hex.ts';
import { EvidenceError, type RejectionCode } from '../errors.ts';

/**
 * Passes over reserved bytes, and refuses those that are in use: they mean something that this code
 * does not know.
 *
 * @param what the layout that the cursor is over
 */
export function skipReserved(cursor: ByteCursor, length: number, what: string): void {
  const { offset } = cursor;
  const bytes = cursor.view(length);
  if (equalBytes(bytes, new Uint8Array(length))) return;
  throw quoteError('ERR_QUOTE_RESERVED', `${what} from byte ${offset}`, 'zeros', toHex(bytes));
}

/** An error about one value of a quote. */
export function quoteError(
  code: RejectionCode,
  what: string,
  expected: string,
  seen: string | number,
): EvidenceError {
  return new EvidenceError(code, `${what} is not valid`, { expected, seen: `${seen}` });
}

/** `ERR_QUOTE_WRITE`: a value that cannot be written. */
export function quoteWrite(
  message: string,
  expected: string,
  seen: string | number,
): EvidenceError {
  return new EvidenceError('ERR_QUOTE_WRITE', message, { expected, seen: `${seen}` }, 'misuse');
}

/** Checks the size of a field that is to be written. */
export function sized(what: string, bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes;
  throw quoteWrite(`${what} has a wrong size`, `${length} bytes`, bytes.length);
}

/** Writes a number that has to fit into `length` bytes, little-endian. */
export function unsigned(what: string, value: number, length: number): Uint8Array {
  const limit = 256 ** length;
  if (Number.isInteger(value) && value >= 0 && value < limit) return littleEndian(value, length);
  throw quoteWrite(`${what} is out of range`, `0 to ${limit - 1}`, value);
}
