// SPDX-License-Identifier: Apache-2.0

/*
 * Identifier octets of the universal types we read and write (ITU-T X.680, section 8.6). Constants of
 * their own, which a bundler writes out as numbers.
 */
export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const NULL = 0x05;
export const OBJECT_IDENTIFIER = 0x06;
export const ENUMERATED = 0x0a;
export const UTF8_STRING = 0x0c;
export const PRINTABLE_STRING = 0x13;
export const IA5_STRING = 0x16;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;

/** Identifier octet of `[0]` with a primitive value; the number is added. */
export const CONTEXT = 0x80;
/** Identifier octet of `[0]` around encoded elements; the number is added. */
export const CONTEXT_CONSTRUCTED = 0xa0;
