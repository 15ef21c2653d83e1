// SPDX-License-Identifier: Apache-2.0
import { derInvalid } from './der-error.ts';

/** One element of DER. */
export interface DerElement {
  /** Identifier octet: class, constructed bit and number. */
  readonly tag: number;
  /** Content octets: a view of the bytes that the element was read from. */
  readonly content: Uint8Array;
  /** Offset of what follows the element. */
  readonly end: number;
}

// Number 31 announces a tag of several octets; no structure we read has one.
const MULTI_OCTET_TAG_NUMBER = 0x1f;

// Four length octets reach 4 GiB, far beyond any input we take, and stay below 2^53 without care.
const MAX_LENGTH_OCTETS = 4;

/**
 * Reads the element at an offset (ITU-T X.690, sections 8.1 and 10.1).
 *
 * @param expectedTag identifier octet that must be there; without it, any is taken
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function readElement(bytes: Uint8Array, offset: number, expectedTag?: number): DerElement {
  const tag = bytes[offset];
  if (tag === undefined) {
    throw derInvalid('DER ends where an element is expected', describeTag(expectedTag));
  }
  if (expectedTag !== undefined && tag !== expectedTag) {
    throw derInvalid('unexpected DER element', describeTag(expectedTag), describeTag(tag));
  }
  if ((tag & MULTI_OCTET_TAG_NUMBER) === MULTI_OCTET_TAG_NUMBER) {
    throw derInvalid('DER tag has a number above 30', 'a tag of one octet', describeTag(tag));
  }
  const { length, start } = readLength(bytes, offset + 1);
  if (length > bytes.length - start) {
    throw derInvalid(
      'DER element is cut off',
      `${length} content octets`,
      `${bytes.length - start}`,
    );
  }
  const end = start + length;
  return { tag, content: bytes.subarray(start, end), end };
}

/** Names an identifier octet for a message. */
export function describeTag(tag: number | undefined): string {
  return tag === undefined ? 'an element' : `tag 0x${tag.toString(16).padStart(2, '0')}`;
}

// X.690, section 10.1: definite form, in the fewest octets.
function readLength(bytes: Uint8Array, offset: number): { length: number; start: number } {
  const first = bytes[offset];
  if (first === undefined) throw derInvalid('DER ends where a length is expected');
  if (first < 0x80) return { length: first, start: offset + 1 };
  const octets = first & 0x7f;
  if (octets === 0) throw derInvalid('DER length is indefinite', 'a definite length');
  if (octets > MAX_LENGTH_OCTETS) {
    throw derInvalid('DER length is too long', `at most ${MAX_LENGTH_OCTETS} octets`, `${octets}`);
  }
  const start = offset + 1 + octets;
  const encoded = bytes.subarray(offset + 1, start);
  if (encoded.length !== octets) throw derInvalid('DER ends in the middle of a length');
  const length = encoded.reduce((value, octet) => value * 256 + octet, 0);
  if (length < 0x80 || encoded[0] === 0) throw derInvalid('DER length is not minimal');
  return { length, start };
}
