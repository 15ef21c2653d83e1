// SPDX-License-Identifier: Apache-2.0
import { readDer, type DerReader } from '../asn1/der-reader.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { compareBytes } from '../bytes/bytes.ts';
import { toHex } from '../bytes/hex.ts';
import { utf8 } from '../bytes/utf8.ts';
import { NAME_ATTRIBUTE } from './x509-oid.ts';

/** A distinguished name. */
export interface Name {
  /** The DER of the whole Name. Names are compared by these bytes. */
  readonly raw: Uint8Array;
  /** For people: the string of RFC 4514, most specific part first. Never compare these. */
  readonly text: string;
  /**
   * The common name; absent if there is none, or more than one, so that nobody picks the wrong one.
   */
  readonly commonName?: string;
}

/** Most attributes in one name; certificates in use have up to ten. */
const MAX_NAME_ATTRIBUTES = 32;

interface Attribute {
  readonly type: string;
  /** Absent when the value has a string type we do not decode. */
  readonly text?: string;
  readonly raw: Uint8Array;
}

/**
 * Reads a Name (RFC 5280, section 4.1.2.4).
 *
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function readName(der: DerReader): Name {
  const { raw, value: rdns } = der.withRaw((reader) => reader.sequenceOf(readRelativeName));
  const attributes = rdns.flat();
  if (attributes.length > MAX_NAME_ATTRIBUTES) {
    throw derInvalid('name has too many attributes', `at most ${MAX_NAME_ATTRIBUTES}`);
  }
  const text = rdns
    .toReversed()
    .map((rdn) => rdn.map(attributeText).join('+'))
    .join(',');
  const [common, ...more] = attributes.filter(({ type }) => type === NAME_ATTRIBUTE.commonName);
  return common?.text === undefined || more.length > 0
    ? { raw, text }
    : { raw, text, commonName: common.text };
}

/** Reads the DER of a Name. @throws EvidenceError `ERR_DER_INVALID` */
export function parseName(der: Uint8Array): Name {
  return readDer(der, readName);
}

function readRelativeName(der: DerReader): Attribute[] {
  const elements = der.set((inner) => inner.repeat((reader) => reader.withRaw(readAttribute)));
  if (elements.length === 0) throw derInvalid('relative name has no attribute');
  elements.reduce((previous, next) => {
    // X.690, section 11.6: the parts of a SET OF ascend, so that one name has one encoding.
    if (compareBytes(previous.raw, next.raw) >= 0) throw derInvalid('SET OF is not sorted');
    return next;
  });
  return elements.map(({ value }) => value);
}

function readAttribute(der: DerReader): Attribute {
  return der.sequence((inner) => {
    const type = inner.oid();
    // Teletex, BMP and Universal strings are allowed in names, and shown as hex.
    if (!inner.nextIsText) return { type, raw: inner.raw() };
    const { raw, value: text } = inner.withRaw((reader) => reader.text());
    return { type, raw, text };
  });
}

const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  [NAME_ATTRIBUTE.commonName, 'CN'],
  [NAME_ATTRIBUTE.country, 'C'],
  [NAME_ATTRIBUTE.locality, 'L'],
  [NAME_ATTRIBUTE.state, 'ST'],
  [NAME_ATTRIBUTE.organization, 'O'],
  [NAME_ATTRIBUTE.organizationalUnit, 'OU'],
]);

function attributeText({ type, text, raw }: Attribute): string {
  return `${SHORT_NAMES.get(type) ?? type}=${text === undefined ? `#${toHex(raw)}` : escape(text)}`;
}

// RFC 4514, section 2.4. Control and format characters are escaped as well, since the text ends up
// on terminals.
function escape(text: string): string {
  return text
    .replace(/^[ #]|[ ]$|["+,;<>\\]/g, '\\$&')
    .replace(/[\p{Cc}\p{Cf}]/gu, (letter) => toHex(utf8(letter)).replace(/../g, '\\$&'));
}
