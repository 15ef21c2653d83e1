// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';

/** RA-TLS v1 draws serials below 2^128. RFC 5280, section 4.1.2.2 allows 20 octets. */
const SERIAL_BYTES = 16;

/**
 * A new serial number as the content octets of its INTEGER.
 *
 * The first octet is kept between 0x40 and 0x7f: RFC 5280, section 4.1.2.2 demands a positive number, and
 * DER then needs no padding octet, so every serial has the same length. 126 random bits remain.
 */
export function createSerialNumber(): Uint8Array {
  const serial = new Uint8Array(randomBytes(SERIAL_BYTES));
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}
