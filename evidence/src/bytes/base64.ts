// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '../errors.ts';

// RFC 4648, tables 1 and 2. Written by hand because `atob` ignores white space, drops spare bits
// without a word and does not exist under the same name everywhere this package runs.
const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const URL_SAFE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const STANDARD_VALUES = valuesOf(STANDARD);
const URL_SAFE_VALUES = valuesOf(URL_SAFE);

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
  if (text.length % 4 !== 0) throw invalid('base64 length is not a multiple of four');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return decode(text.slice(0, text.length - padding), STANDARD_VALUES);
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
  return decode(text, URL_SAFE_VALUES);
}

function valuesOf(alphabet: string): ReadonlyMap<string, number> {
  return new Map(Array.from(alphabet, (letter, value) => [letter, value]));
}

function encode(bytes: Uint8Array, alphabet: string): string {
  let text = '';
  let buffer = 0;
  let bits = 0;
  for (const value of bytes) {
    buffer = (buffer << 8) | value;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += alphabet.charAt((buffer >> bits) & 0x3f);
    }
    // Only the bits not yet written matter; without this the buffer would overflow 32 bits.
    buffer &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet.charAt((buffer << (6 - bits)) & 0x3f);
}

function decode(text: string, values: ReadonlyMap<string, number>): Uint8Array {
  if (text.length % 4 === 1) throw invalid('base64 ends in the middle of a byte');
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let buffer = 0;
  let bits = 0;
  let length = 0;
  for (const letter of text) {
    const value = values.get(letter);
    if (value === undefined) throw invalid('base64 has a letter outside its alphabet', letter);
    buffer = (buffer << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[length] = buffer >> bits;
      length += 1;
      buffer &= (1 << bits) - 1;
    }
  }
  // RFC 4648, section 3.5: otherwise several texts would stand for the same bytes.
  if (buffer !== 0) throw invalid('base64 has spare bits that are not zero');
  return bytes;
}

function invalid(message: string, seen?: string): EvidenceError {
  return new EvidenceError(
    'ERR_BYTES_ENCODING',
    message,
    seen === undefined ? {} : { seen: JSON.stringify(seen) },
  );
}
