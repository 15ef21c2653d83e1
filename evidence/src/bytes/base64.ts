// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '../errors.ts';
import { fromUtf8, utf8 } from './utf8.ts';

// RFC 4648, tables 1 and 2. Written by hand because `atob` ignores white space, drops spare bits
// without a word and does not exist under the same name everywhere this package runs.

// Written out twice, so that a bundle can leave out the one that it does not use.
const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const URL_SAFE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Writes bytes as base64 with padding (RFC 4648, section 4). */
export function toBase64(bytes: Uint8Array): string {
  const text = encode(bytes, STANDARD);
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

/**
 * Reads base64 with padding (RFC 4648, section 4).
 *
 * One byte string has one accepted spelling: padding is required, white space and non-zero spare
 * bits are refused.
 *
 * @throws EvidenceError `ERR_BYTES_ENCODING`
 */
export function fromBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) throw invalid('a length that four divides', text.length);
  return decode(text.replace(/==?$/, ''), STANDARD);
}

/** Writes bytes as base64url without padding (RFC 4648, section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  return encode(bytes, URL_SAFE);
}

/**
 * Reads base64url without padding (RFC 4648, section 5).
 *
 * @throws EvidenceError `ERR_BYTES_ENCODING` also when padding is present
 */
export function fromBase64Url(text: string): Uint8Array {
  return decode(text, URL_SAFE);
}

function encode(bytes: Uint8Array, letters: string): string {
  const codes = utf8(letters);
  const text = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
  let buffer = 0;
  let bits = 0;
  let length = 0;
  const write = (value: number): void => {
    text[length] = codes[value & 0x3f] ?? 0;
    length += 1;
  };
  for (let index = 0; index < bytes.length; index += 1) {
    // Only bits not yet written stay in the buffer, so that it never holds more than 14.
    buffer = ((buffer & 0x3f) << 8) | (bytes[index] ?? 0);
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      write(buffer >> bits);
    }
  }
  if (bits > 0) write(buffer << (6 - bits));
  return fromUtf8(text);
}

function decode(text: string, letters: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  const values = valuesOf(letters);
  let buffer = 0;
  let bits = 0;
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    const value = values[text.charCodeAt(index)] ?? 0;
    if (value === 0) throw invalid('letters of its alphabet', text.charAt(index));
    buffer = (buffer << 6) | (value - 1);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[length] = buffer >> bits;
      length += 1;
      buffer &= (1 << bits) - 1;
    }
  }
  // Six bits are too few for a byte and too many to spare. RFC 4648, section 3.5: spare bits are zero,
  // or else several texts would stand for the same bytes.
  if (bits === 6 || buffer !== 0) throw invalid('a whole byte at its end');
  return bytes;
}

// One more than the value of a letter, by its code: zero is no letter's.
function valuesOf(letters: string): Uint8Array {
  const values = new Uint8Array(128);
  for (let value = 0; value < 64; value += 1) values[letters.charCodeAt(value)] = value + 1;
  return values;
}

function invalid(expected: string, seen?: string | number): EvidenceError {
  return new EvidenceError('ERR_BYTES_ENCODING', 'base64 is not valid', {
    expected,
    seen: JSON.stringify(seen),
  });
}
