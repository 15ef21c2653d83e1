// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from '../bytes/bytes.ts';
import { fromUtf8 } from '../bytes/utf8.ts';
import { EvidenceError } from '../errors.ts';
import { derInvalid, derLimit } from './der-error.ts';
import { describeTag } from './der-element.ts';
import { DER_TAG, IA5_STRING, PRINTABLE_STRING } from './der-tag.ts';

/** Longest text we decode: a DNS name has 253 characters, a URL in a certificate rarely more. */
export const MAX_DER_TEXT_BYTES = 4096;

/** Refuses an INTEGER whose first nine bits are equal (X.690, section 8.3.2). */
export function checkMinimalInteger(content: Uint8Array): void {
  const [first, second] = content;
  if (first === undefined) throw derInvalid('INTEGER has no content');
  if (second === undefined) return;
  if ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80)) {
    throw derInvalid('INTEGER is not minimal');
  }
}

/** Turns the content of a checked INTEGER or ENUMERATED into a number from 0 to `max`. */
export function readSmallNumber(content: Uint8Array, max: number, type: string): number {
  const negative = (content[0] ?? 0) >= 0x80;
  // Five octets hold every value below 2^32 with its sign octet; more would lose precision.
  const value =
    content.length > 5 ? Infinity : content.reduce((sum, octet) => sum * 256 + octet, 0);
  if (negative || value > max) throw derInvalid(`${type} is out of range`, `0 to ${max}`);
  return value;
}

/**
 * Splits the content of a BIT STRING and checks its unused bits (X.690, sections 8.6.2 and 11.2.1).
 */
export function readBits(content: Uint8Array): { bytes: Uint8Array; unusedBits: number } {
  const [unusedBits] = content;
  if (unusedBits === undefined || unusedBits > 7) {
    throw derInvalid('BIT STRING has no valid count of unused bits', '0 to 7', `${unusedBits}`);
  }
  const bytes = copyBytes(content.subarray(1));
  const last = bytes.at(-1);
  if (last === undefined && unusedBits !== 0) throw derInvalid('empty BIT STRING has unused bits');
  if (last !== undefined && (last & ((1 << unusedBits) - 1)) !== 0) {
    throw derInvalid('unused bits of BIT STRING are not zero');
  }
  return { bytes, unusedBits };
}

/** Decodes UTF8String, PrintableString or IA5String. */
export function readText(tag: number, content: Uint8Array): string {
  if (content.length > MAX_DER_TEXT_BYTES) {
    throw derLimit(`text in DER has ${content.length} bytes`, `at most ${MAX_DER_TEXT_BYTES}`);
  }
  const text = decodeUtf8(content);
  if (tag === DER_TAG.utf8String) return text;
  // The two other types are subsets of ASCII, which UTF-8 contains unchanged.
  if (tag === DER_TAG.printableString && PRINTABLE_STRING.test(text)) return text;
  if (tag === DER_TAG.ia5String && IA5_STRING.test(text)) return text;
  throw derInvalid(
    'text in DER has a wrong type or character',
    'UTF8String, PrintableString or IA5String',
    describeTag(tag),
  );
}

function decodeUtf8(content: Uint8Array): string {
  try {
    return fromUtf8(content);
  } catch (cause) {
    throw new EvidenceError('ERR_DER_INVALID', 'text in DER is not UTF-8', { cause });
  }
}
