// SPDX-License-Identifier: Apache-2.0
// Two functions, one for each kind of array: engines make faster code for a place that sees one kind.

/** A byte; 0 beyond the end. */
export function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

/** An entry of a table; 0 beyond the end. */
export function entryAt(table: Uint32Array, index: number): number {
  return table[index] ?? 0;
}

/** Four bytes, the lowest first, as 32 bits with a sign. */
export function wordAt(bytes: Uint8Array, index: number): number {
  return (
    byteAt(bytes, index) |
    (byteAt(bytes, index + 1) << 8) |
    (byteAt(bytes, index + 2) << 16) |
    (byteAt(bytes, index + 3) << 24)
  );
}
