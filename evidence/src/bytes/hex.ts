// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '../errors.ts';

const BYTE_TO_HEX = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/** Writes bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 1)
    text += BYTE_TO_HEX[bytes[index] ?? 0] ?? '';
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
  const bytes = new Uint8Array(Math.floor(text.length / 2));
  // Digits of everything read so far; a character that is no digit sets bits above them.
  let all = text.length % 2 === 0 ? 0 : NO_DIGIT;
  for (let index = 0; index < bytes.length; index += 1) {
    const high = digitOf(text.charCodeAt(2 * index));
    const low = digitOf(text.charCodeAt(2 * index + 1));
    bytes[index] = high * 16 + low;
    all |= high | low;
  }
  if (all < NO_DIGIT) return bytes;
  throw new EvidenceError('ERR_BYTES_ENCODING', 'text is not an even number of hex digits', {
    expected: 'hex digits, two a byte',
    seen: excerpt(text),
  });
}

const NO_DIGIT = 0x100;

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  // The bit that tells lower case from upper case.
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : NO_DIGIT;
}

// Long input would drown the message; its beginning and size are what a person needs.
function excerpt(text: string): string {
  return text.length <= 40
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, 40))}… (${text.length} characters)`;
}
