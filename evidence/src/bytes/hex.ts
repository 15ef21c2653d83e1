// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '../errors.ts';

const BYTE_TO_HEX: readonly string[] = /* @__PURE__ */ Array.from({ length: 256 }, (_, value) =>
  value.toString(16).padStart(2, '0'),
);

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
 * @returns undefined on an odd length or anything but hex digits
 */
export function readHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || /[^0-9a-f]/i.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] =
      valueOf(text.charCodeAt(2 * index)) * 16 + valueOf(text.charCodeAt(2 * index + 1));
  }
  return bytes;
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
  const bytes = readHex(text);
  if (bytes !== undefined) return bytes;
  throw new EvidenceError('ERR_BYTES_ENCODING', 'text is not an even number of hex digits', {
    expected: 'hex digits, two a byte',
    seen: excerpt(text),
  });
}

// The low bits of a digit are its value; those of a letter count from one, and letters alone have bit 6.
function valueOf(code: number): number {
  return (code & 0x0f) + (code >> 6) * 9;
}

// Long input would drown the message; its beginning and size are what a person needs.
function excerpt(text: string): string {
  return text.length <= 40
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, 40))}… (${text.length} characters)`;
}
