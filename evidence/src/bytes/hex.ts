// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '../errors.ts';

const BYTE_TO_HEX = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/** Writes bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const value of bytes) text += BYTE_TO_HEX[value] ?? '';
  return text;
}

/**
 * Reads hex of either case.
 *
 * Strict where `Buffer.from(text, 'hex')` is not: that one stops silently at the first bad digit,
 * so a mistyped measurement would become a shorter one.
 *
 * @throws EvidenceError `ERR_BYTES_ENCODING` on an odd length or anything but hex digits
 */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new EvidenceError('ERR_BYTES_ENCODING', 'text is not an even number of hex digits', {
      expected: 'hex digits, two a byte',
      seen: excerpt(text),
    });
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = Number.parseInt(text.slice(2 * index, 2 * index + 2), 16);
  }
  return bytes;
}

// Long input would drown the message; its beginning and size are what a person needs.
function excerpt(text: string): string {
  return text.length <= 40
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, 40))}… (${text.length} characters)`;
}
