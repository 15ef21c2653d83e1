// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from '../bytes/bytes.ts';
import { derInvalid, derLimit } from './der-error.ts';
import { SEQUENCE } from './der-tag.ts';

/** Largest DER input: the largest structure we read is a revocation list of 1 MiB. */
export const MAX_DER_BYTES: number = 1024 * 1024;

/**
 * Deepest nesting. A certificate needs 8 levels; without a limit a few kilobytes of nested headers
 * exhaust the stack (CVE-2025-66031).
 */
export const MAX_DER_DEPTH = 16;

/**
 * One element of DER, whose content has not been looked at. It says where it stands: most elements of a certificate are
 * gone through and never read by themselves, and a view of each would cost more than all the rest.
 */
export interface DerElement {
  /** Identifier octet: class, constructed bit and number. */
  readonly tag: number;
  /** What {@link parseDer} copied, so never handed out. */
  readonly bytes: Uint8Array;
  /** Where its encoding begins, where the content does, and where both end. */
  readonly offset: number;
  readonly start: number;
  readonly end: number;
  /** How many elements it lies in. */
  readonly depth: number;
}

// Number 31 announces a tag of several octets; no structure we read has one.
const MULTI_OCTET_TAG_NUMBER = 0x1f;

// Three length octets reach 16 MiB, beyond any input we take, and stay below 2^53 without care.
const MAX_LENGTH_OCTETS = 3;

/**
 * Reads one complete DER value strictly: definite, minimal lengths and tags below 31. What is in it is
 * read by {@link derElements} and the functions of `der-values.ts`.
 *
 * @param bytes the encoding, nothing before or after it
 * @throws EvidenceError `ERR_DER_INVALID`, `ERR_DER_LIMIT`
 * @example
 * ```ts
 * const [r, s] = derElements(parseDer(signature), 2).map((number) => derNumber(number));
 * ```
 */
export function parseDer(bytes: Uint8Array): DerElement {
  if (bytes.length > MAX_DER_BYTES) throw derLimit('size', MAX_DER_BYTES, bytes.length);
  const element = readElement(copyBytes(bytes), 0, bytes.length, 0);
  if (element.end === bytes.length) return element;
  throw derInvalid('length', `${element.end}`, `${bytes.length}`);
}

/**
 * The content octets of an element that has to have a tag.
 *
 * @param element undefined when it is absent
 * @returns a view: copy it before handing it out
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function derContent(element: DerElement | undefined, tag: number): Uint8Array {
  const { bytes, start, end } = withTag(element, tag);
  return bytes.subarray(start, end);
}

/**
 * The elements of a SEQUENCE, or of another constructed element.
 *
 * @param least how many there have to be
 * @param most how many there may be
 * @throws EvidenceError `ERR_DER_INVALID`, `ERR_DER_LIMIT`
 */
export function derElements(
  element: DerElement | undefined,
  least: number,
  most: number = least,
  tag?: number,
): DerElement[] {
  const elements = derList(element, tag);
  if (elements.length >= least && elements.length <= most) return elements;
  throw derInvalid('structure', `${least} to ${most} elements`, `${elements.length}`);
}

/**
 * The elements of a SEQUENCE OF, or of another constructed element.
 *
 * @throws EvidenceError `ERR_DER_INVALID`, `ERR_DER_LIMIT`
 */
export function derList(element: DerElement | undefined, tag: number = SEQUENCE): DerElement[] {
  const list = withTag(element, tag);
  const depth = list.depth + 1;
  if (depth > MAX_DER_DEPTH) throw derLimit('depth', MAX_DER_DEPTH, depth);
  const elements: DerElement[] = [];
  for (let offset = list.start; offset < list.end;) {
    const next = readElement(list.bytes, offset, list.end, depth);
    elements.push(next);
    offset = next.end;
  }
  return elements;
}

function withTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag === tag) return element;
  throw derInvalid('element', describeTag(tag), describeTag(element?.tag));
}

/** Names an identifier octet for a message. */
export function describeTag(tag: number | undefined): string {
  return tag === undefined ? 'nothing' : `tag 0x${tag.toString(16).padStart(2, '0')}`;
}

// ITU-T X.690, sections 8.1 and 10.1. An element whose first octets already stand behind `limit` ends behind it as well,
// and is refused for that.
function readElement(bytes: Uint8Array, offset: number, limit: number, depth: number): DerElement {
  const tag = bytes[offset];
  if (tag === undefined || (tag & MULTI_OCTET_TAG_NUMBER) === MULTI_OCTET_TAG_NUMBER) {
    throw derInvalid('tag', 'one octet', describeTag(tag));
  }
  let start = offset + 2;
  let length = bytes[offset + 1] ?? 0x80;
  if (length >= 0x80) {
    const octets = length - 0x80;
    for (length = 0; start < offset + 2 + octets; start += 1) {
      length = length * 256 + (bytes[start] ?? 0);
    }
    // X.690, section 10.1: definite form, in the fewest octets.
    if (octets > MAX_LENGTH_OCTETS || length < Math.max(0x80, 256 ** (octets - 1))) {
      throw derInvalid('length', `minimal, 1 to ${MAX_LENGTH_OCTETS} octets`, `${octets} octets`);
    }
  }
  const end = start + length;
  if (end > limit) throw derInvalid('length', `at most ${limit - start}`, `${length}`);
  return { tag, bytes, offset, start, end, depth };
}
