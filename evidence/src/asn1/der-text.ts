// SPDX-License-Identifier: Apache-2.0

/** Characters of an ASN.1 PrintableString (ITU-T X.680, section 41.4). */
export const PRINTABLE_TEXT: RegExp = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

/** Characters of an ASN.1 IA5String: ASCII. */
export const ASCII_TEXT: RegExp = /^\p{ASCII}*$/u;
