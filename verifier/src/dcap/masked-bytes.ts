// SPDX-License-Identifier: Apache-2.0

/** The bits of a value that a mask keeps; bytes beyond the mask are kept whole. */
export function maskedBytes(value: Uint8Array, mask: Uint8Array): Uint8Array {
  return value.map((byte, index) => byte & (mask[index] ?? 0xff));
}
