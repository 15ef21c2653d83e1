// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from '../bytes/bytes.ts';
import { toHex } from '../bytes/hex.ts';
import { decodeUtf8 } from '../bytes/utf8.ts';
import { derContent, type DerElement, describeTag } from './der-element.ts';
import { derInvalid, derLimit } from './der-error.ts';
import {
  BIT_STRING,
  BOOLEAN,
  ENUMERATED,
  GENERALIZED_TIME,
  IA5_STRING,
  INTEGER,
  NULL,
  OBJECT_IDENTIFIER,
  OCTET_STRING,
  PRINTABLE_STRING,
  UTC_TIME,
  UTF8_STRING,
} from './der-tag.ts';
import { ASCII_TEXT, PRINTABLE_TEXT } from './der-text.ts';
import { parseDerTime } from './der-time.ts';
import { decodeOid } from './object-identifier.ts';

/*
 * Values of primitive elements, in their canonical form alone. Each function takes `undefined` for an
 * element that is absent, and refuses it; arrays that are returned are copies.
 */

type Element = DerElement | undefined;

/** Longest text we decode: a DNS name has 253 characters, a URL in a certificate rarely more. */
const MAX_TEXT_BYTES = 4096;

/** Text types that we decode, with what their texts may consist of. */
const TEXT_TYPES: ReadonlyMap<number, RegExp> = /* @__PURE__ */ new Map([
  [UTF8_STRING, /^/],
  [PRINTABLE_STRING, PRINTABLE_TEXT],
  [IA5_STRING, ASCII_TEXT],
]);

/** The whole encoding of an element, whatever it is. */
export function readRaw(element: Element): Uint8Array {
  if (element === undefined) throw derInvalid('element', 'some', describeTag(undefined));
  return element.bytes.slice(element.offset, element.end);
}

/** Content octets of OCTET STRING, or of another primitive type. */
export function readOctets(element: Element, tag: number = OCTET_STRING): Uint8Array {
  return copyBytes(derContent(element, tag));
}

/** Content octets of INTEGER, minimal two's complement (X.690, section 8.3.2). */
export function readInteger(element: Element, tag: number = INTEGER): Uint8Array {
  const content = readOctets(element, tag);
  const [first = 0, second = 0] = content;
  const firstNineBits = first * 2 + (second >> 7);
  if (content.length < 2 ? content.length === 0 : [0, 0x1ff].includes(firstNineBits)) {
    throw derInvalid('INTEGER', 'minimal');
  }
  return content;
}

/** INTEGER as a number of any size and sign. */
export function readBigInteger(element: Element, tag?: number): bigint {
  const content = readInteger(element, tag);
  return BigInt.asIntN(content.length * 8, BigInt(`0x${toHex(content)}`));
}

/** INTEGER from 0 to `max`, which is at most 2^53 - 1. */
export function readSmallInteger(element: Element, max: number, tag?: number): number {
  const value = readBigInteger(element, tag);
  if (value < 0n || value > max) throw derInvalid('INTEGER', `0 to ${max}`, `${value}`);
  return Number(value);
}

/** ENUMERATED from 0 to `max`. */
export function readEnumerated(element: Element, max: number): number {
  return readSmallInteger(element, max, ENUMERATED);
}

/** BOOLEAN, 00 or FF (X.690, section 11.1). */
export function readBoolean(element: Element): boolean {
  const text = toHex(derContent(element, BOOLEAN));
  if (text !== '00' && text !== 'ff') throw derInvalid('BOOLEAN', '00 or ff', text);
  return text === 'ff';
}

/** Content of a BIT STRING that holds whole bytes. */
export function readBitString(element: Element): Uint8Array {
  return readBits(element, 0);
}

/**
 * Numbers of the bits that are set in a BIT STRING of named bits.
 *
 * Trailing zero bits are taken although X.690, section 11.2.2, forbids them: AMD's ASK and ARK
 * have them, and the set of names is the same.
 */
export function readNamedBits(element: Element): number[] {
  return [...readBits(element, 7)].flatMap((octet, index) =>
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bit) =>
      ((octet << bit) & 0x80) === 0 ? [] : [index * 8 + bit],
    ),
  );
}

// Content of a BIT STRING, of whose last octet at most `most` bits are unused, and zero (X.690,
// sections 8.6.2 and 11.2.1).
function readBits(element: Element, most: number): Uint8Array {
  const content = derContent(element, BIT_STRING);
  const unused = content[0] ?? 8;
  // With no octet but the count itself, the count has to be zero, which the same test demands.
  if (unused > most || ((content.at(-1) ?? 0) & ((1 << unused) - 1)) !== 0) {
    throw derInvalid('BIT STRING', `at most ${most} unused bits, all zero`, `${unused}`);
  }
  return copyBytes(content.subarray(1));
}

/** NULL. */
export function readNull(element: Element): void {
  if (derContent(element, NULL).length !== 0) throw derInvalid('NULL', 'no content');
}

/** OBJECT IDENTIFIER as dotted text. */
export function readOid(element: Element): string {
  return decodeOid(derContent(element, OBJECT_IDENTIFIER));
}

/**
 * UTF8String, PrintableString or IA5String, each checked for its character set.
 *
 * @returns undefined for an element of another type
 */
export function readOptionalText(element: DerElement): string | undefined {
  const { tag } = element;
  const characters = TEXT_TYPES.get(tag);
  if (characters === undefined) return undefined;
  const content = derContent(element, tag);
  if (content.length > MAX_TEXT_BYTES) throw derLimit('text', MAX_TEXT_BYTES, content.length);
  const text = decodeUtf8(content, 'ERR_DER_INVALID');
  if (characters.test(text)) return text;
  throw derInvalid('text', 'characters of its type', describeTag(tag));
}

/** UTF8String, PrintableString or IA5String, each checked for its character set. */
export function readText(element: DerElement): string {
  const text = readOptionalText(element);
  if (text !== undefined) return text;
  throw derInvalid('element', 'UTF8String, PrintableString or IA5String', describeTag(element.tag));
}

/** UTCTime or GeneralizedTime, in the forms of RFC 5280, section 4.1.2.5. */
export function readTime(element: Element): Date {
  const utc = element?.tag === UTC_TIME;
  const content = derContent(element, utc ? UTC_TIME : GENERALIZED_TIME);
  // Any octet that is not a digit or Z fails the pattern, so reading octets as Latin-1 is enough here.
  return parseDerTime(String.fromCharCode(...content.subarray(0, 32)), utc);
}
