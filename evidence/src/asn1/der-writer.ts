// SPDX-License-Identifier: Apache-2.0
import { compareBytes, concatBytes } from '../bytes/bytes.ts';
import { utf8 } from '../bytes/utf8.ts';
import { derWrite } from './der-error.ts';
import {
  BIT_STRING,
  BOOLEAN,
  CONTEXT,
  CONTEXT_CONSTRUCTED,
  ENUMERATED,
  GENERALIZED_TIME,
  IA5_STRING,
  INTEGER,
  NULL,
  OBJECT_IDENTIFIER,
  OCTET_STRING,
  PRINTABLE_STRING,
  SEQUENCE,
  SET,
  UTC_TIME,
  UTF8_STRING,
} from './der-tag.ts';
import { ASCII_TEXT, PRINTABLE_TEXT } from './der-text.ts';
import { formatDerTime } from './der-time.ts';
import { encodeOid } from './object-identifier.ts';

/** Writes one element: identifier octet, minimal definite length, content. */
export function derElement(tag: number, content: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(tag, ...lengthOctets(content.length)), content);
}

/** SEQUENCE of encoded elements. */
export function derSequence(...elements: readonly Uint8Array[]): Uint8Array {
  return derElement(SEQUENCE, concatBytes(...elements));
}

/** SET OF encoded elements, put into the order that DER prescribes (X.690, section 11.6). */
export function derSet(...elements: readonly Uint8Array[]): Uint8Array {
  return derElement(SET, concatBytes(...elements.toSorted(compareBytes)));
}

/**
 * INTEGER.
 *
 * @param value any `bigint`, or the bytes of a number that is not negative, big-endian, with or
 * without leading zeros; the content octets of a non-negative INTEGER are such bytes
 */
export function derInteger(value: bigint | Uint8Array): Uint8Array {
  return derElement(
    INTEGER,
    typeof value === 'bigint' ? signedOctets(value) : unsignedOctets(value),
  );
}

/** ENUMERATED, not negative. @throws EvidenceError `ERR_DER_WRITE` */
export function derEnumerated(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw derWrite('ENUMERATED is not a natural number', '0 or more', String(value));
  }
  return derElement(ENUMERATED, signedOctets(BigInt(value)));
}

/** BOOLEAN. */
export function derBoolean(value: boolean): Uint8Array {
  return derElement(BOOLEAN, Uint8Array.of(value ? 0xff : 0x00));
}

/** BIT STRING of whole bytes. */
export function derBitString(bytes: Uint8Array): Uint8Array {
  return derElement(BIT_STRING, concatBytes(Uint8Array.of(0), bytes));
}

/** BIT STRING of named bits, cut after the last one that is set (X.690, section 11.2.2). */
export function derNamedBits(bits: Iterable<number>): Uint8Array {
  const set = [...bits];
  const highest = Math.max(-1, ...set);
  const octets = new Uint8Array(Math.floor(highest / 8) + 1);
  for (const bit of set) {
    const index = Math.floor(bit / 8);
    octets[index] = (octets[index] ?? 0) | (0x80 >> (bit % 8));
  }
  const unusedBits = octets.length * 8 - 1 - highest;
  return derElement(BIT_STRING, concatBytes(Uint8Array.of(unusedBits), octets));
}

/** OCTET STRING. */
export function derOctetString(bytes: Uint8Array): Uint8Array {
  return derElement(OCTET_STRING, bytes);
}

/** OBJECT IDENTIFIER from dotted text. @throws EvidenceError `ERR_DER_WRITE` */
export function derOid(oid: string): Uint8Array {
  return derElement(OBJECT_IDENTIFIER, encodeOid(oid));
}

/** NULL. */
export function derNull(): Uint8Array {
  return derElement(NULL, new Uint8Array());
}

/** UTF8String. */
export function derUtf8String(text: string): Uint8Array {
  return derElement(UTF8_STRING, utf8(text));
}

/** PrintableString. @throws EvidenceError `ERR_DER_WRITE` on a character outside its set */
export function derPrintableString(text: string): Uint8Array {
  if (!PRINTABLE_TEXT.test(text)) {
    throw derWrite(
      'text is not a PrintableString',
      "letters, digits and ' ( ) + , - . / : = ?",
      text,
    );
  }
  return derElement(PRINTABLE_STRING, utf8(text));
}

/** IA5String. @throws EvidenceError `ERR_DER_WRITE` on a character outside ASCII */
export function derIa5String(text: string): Uint8Array {
  if (!ASCII_TEXT.test(text)) throw derWrite('text is not an IA5String', 'ASCII', text);
  return derElement(IA5_STRING, utf8(text));
}

/** UTCTime for the years 1950 to 2049, else GeneralizedTime; whole seconds. */
export function derTime(date: Date): Uint8Array {
  const { utc, text } = formatDerTime(date);
  return derElement(utc ? UTC_TIME : GENERALIZED_TIME, utf8(text));
}

/**
 * The element `[number]`.
 *
 * @param constructed true around encoded elements, false around the content octets of an implicitly
 * tagged value
 */
export function derContext(number: number, constructed: boolean, content: Uint8Array): Uint8Array {
  if (!Number.isInteger(number) || number < 0 || number > 30) {
    throw derWrite('context tag is out of range', '0 to 30', String(number));
  }
  return derElement((constructed ? CONTEXT_CONSTRUCTED : CONTEXT) + number, content);
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

function unsignedOctets(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((octet) => octet !== 0);
  if (start === -1) return Uint8Array.of(0);
  const magnitude = bytes.subarray(start);
  // A leading one bit would make the number negative.
  return (magnitude[0] ?? 0) >= 0x80 ? concatBytes(Uint8Array.of(0), magnitude) : magnitude;
}

function signedOctets(value: bigint): Uint8Array {
  const octets: number[] = [];
  let rest = value;
  // Stop when what is left is only the sign, and the sign bit that was written says the same.
  do {
    octets.unshift(Number(rest & 0xffn));
    rest >>= 8n;
  } while (rest !== ((octets[0] ?? 0) >= 0x80 ? -1n : 0n));
  return Uint8Array.from(octets);
}
