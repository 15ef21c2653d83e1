// SPDX-License-Identifier: Apache-2.0
import { type DerElement, derElements, derList, parseDer } from '../asn1/der-element.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { SET } from '../asn1/der-tag.ts';
import { readOid, readOptionalText, readRaw } from '../asn1/der-values.ts';
import { toHex } from '../bytes/hex.ts';
import { utf8 } from '../bytes/utf8.ts';
import {
  COMMON_NAME,
  COUNTRY,
  LOCALITY,
  ORGANIZATION,
  ORGANIZATIONAL_UNIT,
  STATE,
} from './x509-oid.ts';

/** A distinguished name. */
export interface Name {
  /** The DER of the whole Name. Names are compared by these bytes. */
  readonly raw: Uint8Array;
  /** For people: the string of RFC 4514, most specific part first. Never compare these. */
  readonly text: string;
  /**
   * The common name; absent if there is none, or more than one, so that nobody picks the wrong one.
   */
  readonly commonName?: string | undefined;
}

/** Most attributes in one name; certificates in use have up to ten. */
const MAX_NAME_ATTRIBUTES = 32;

interface Attribute {
  readonly type: string;
  /** Undefined when the value has a string type we do not decode. */
  readonly text: string | undefined;
  /** For people. */
  readonly shown: string;
}

/**
 * Reads a Name (RFC 5280, section 4.1.2.4).
 *
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function readName(element: DerElement | undefined): Name {
  const rdns = derList(element).map(readRelativeName);
  const attributes = rdns.flat();
  if (attributes.length > MAX_NAME_ATTRIBUTES) {
    throw derInvalid('name', `at most ${MAX_NAME_ATTRIBUTES} attributes`);
  }
  const [common, ...more] = attributes.filter(({ type }) => type === COMMON_NAME);
  return {
    raw: readRaw(element),
    text: rdns
      .toReversed()
      .map((rdn) => rdn.map(({ shown }) => shown).join('+'))
      .join(','),
    commonName: more.length === 0 ? common?.text : undefined,
  };
}

/** Reads the DER of a Name. @throws EvidenceError `ERR_DER_INVALID` */
export function parseName(der: Uint8Array): Name {
  return readName(parseDer(der));
}

function readRelativeName(rdn: DerElement): Attribute[] {
  const elements = derList(rdn, SET);
  if (elements.length === 0) throw derInvalid('name', 'some attribute');
  elements.reduce((previous, next) => {
    // X.690, section 11.6: the parts of a SET OF ascend, so that one name has one encoding. Hex sorts as bytes do.
    if (toHex(readRaw(previous)) >= toHex(readRaw(next))) throw derInvalid('SET OF', 'sorted');
    return next;
  });
  return elements.map(readAttribute);
}

function readAttribute(element: DerElement): Attribute {
  const [oid, value] = derElements(element, 2);
  const type = readOid(oid);
  // Teletex, BMP and Universal strings are allowed in names, and shown as hex.
  const text = value && readOptionalText(value);
  const shown = text === undefined ? `#${toHex(readRaw(value))}` : escape(text);
  return { type, text, shown: `${SHORT_NAMES[type] ?? type}=${shown}` };
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  [COMMON_NAME]: 'CN',
  [COUNTRY]: 'C',
  [LOCALITY]: 'L',
  [STATE]: 'ST',
  [ORGANIZATION]: 'O',
  [ORGANIZATIONAL_UNIT]: 'OU',
};

// RFC 4514, section 2.4. Control and format characters are escaped as well, since the text ends up
// on terminals.
function escape(text: string): string {
  return text
    .replace(/^[ #]|[ ]$|["+,;<>\\]/g, '\\$&')
    .replace(/[\p{Cc}\p{Cf}]/gu, (letter) => toHex(utf8(letter)).replace(/../g, '\\$&'));
}
