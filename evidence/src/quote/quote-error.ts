// SPDX-License-Identifier: Apache-2.0
import { isAllZero } from '../bytes/bytes.ts';
import { ByteCursor, littleEndian } from '../bytes/byte-cursor.ts';
import { toHex } from '../bytes/hex.ts';
import { EvidenceError, type EvidenceErrorCode } from '../errors.ts';

/** Starts reading a quote or a part of one; a field that is cut off is `ERR_QUOTE_TRUNCATED`. */
export function quoteCursor(what: string, bytes: Uint8Array): ByteCursor {
  return new ByteCursor(bytes, truncated(what));
}

/** Makes the error for a field that is cut off. */
export function truncated(what: string): (needed: number, left: number) => EvidenceError {
  return (needed, left) =>
    quoteError(
      'ERR_QUOTE_TRUNCATED',
      `${what} is cut off`,
      `${needed} more bytes`,
      `${left} bytes`,
    );
}

/** Refuses reserved bytes that are in use: they mean something that this code does not know. */
export function checkReserved(what: string, bytes: Uint8Array): void {
  if (!isAllZero(bytes)) {
    throw quoteError(
      'ERR_QUOTE_RESERVED',
      `reserved bytes ${what} are not zero`,
      'zero',
      toHex(bytes),
    );
  }
}

/** An error about one value of a quote. */
export function quoteError(
  code: EvidenceErrorCode,
  message: string,
  expected: string,
  seen: string | number,
): EvidenceError {
  return new EvidenceError(code, message, { expected, seen: String(seen) });
}

/** Checks the size of a field that is to be written. */
export function sized(what: string, bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes;
  throw quoteError('ERR_QUOTE_WRITE', `${what} has a wrong size`, `${length} bytes`, bytes.length);
}

/** Writes a number that has to fit into `length` bytes, little-endian. */
export function unsigned(what: string, value: number, length: number): Uint8Array {
  const limit = 256 ** length;
  if (Number.isInteger(value) && value >= 0 && value < limit) return littleEndian(value, length);
  throw quoteError('ERR_QUOTE_WRITE', `${what} is out of range`, `0 to ${limit - 1}`, value);
}
