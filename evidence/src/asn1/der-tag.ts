// SPDX-License-Identifier: Apache-2.0

/** Identifier octets of the universal types we read and write (ITU-T X.680, section 8.6). */
export const DER_TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const CONTEXT_CLASS = 0x80;
const CONSTRUCTED = 0x20;

/** Identifier octet of the context-specific tag `[number]`, number 0 to 30. */
export function contextTag(number: number, constructed: boolean): number {
  return CONTEXT_CLASS | (constructed ? CONSTRUCTED : 0) | number;
}

/** Characters of an ASN.1 PrintableString (ITU-T X.680, section 41.4). */
export const PRINTABLE_STRING: RegExp = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

/** Characters of an ASN.1 IA5String: ASCII. */
export const IA5_STRING: RegExp = /^\p{ASCII}*$/u;
