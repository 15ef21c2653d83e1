// SPDX-License-Identifier: Apache-2.0

/*
 * Who owns bytes in this package, decided once:
 *   - a parser copies its input on entry, so nobody can change it under the parser's feet;
 *   - every array that is handed out is a copy, so changing one field never changes another.
 *
 * Loops over bytes count an index: `for … of` and callbacks take ten times as long on kilobytes.
 */

/**
 * Copies bytes into a plain `Uint8Array` of its own.
 *
 * `slice()` would not do: on Node's `Buffer`, which is a `Uint8Array`, it returns a view of the
 * same memory.
 */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** Joins byte strings. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** The bytes after their number in 32 bits, big-endian: joined to others they can be told apart. */
export function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concatBytes(length, bytes);
}

/**
 * Compares two byte strings for equality without stopping at the first difference.
 *
 * JavaScript gives no guarantee of constant time; this removes the obvious leak and no more.
 * The lengths themselves are not treated as secret.
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index += 1) {
    // The index is in range because the lengths are equal; -1 would differ from every byte.
    difference |= (a[index] ?? 0) ^ (b[index] ?? -1);
  }
  return difference === 0;
}

/**
 * Orders two byte strings lexicographically, a prefix before what it begins.
 *
 * @returns a negative number, zero or a positive number, as `Array.prototype.sort` expects
 */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const order = (a[index] ?? 0) - (b[index] ?? 0);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Tells whether every byte is zero; an empty string is. */
export function isAllZero(bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index += 1) if (bytes[index] !== 0) return false;
  return true;
}
