// SPDX-License-Identifier: Apache-2.0
import { derElements, parseDer } from '../asn1/der-element.ts';
import { readInteger } from '../asn1/der-values.ts';
import { derInteger, derSequence } from '../asn1/der-writer.ts';
import { concatBytes, isAllZero } from '../bytes/bytes.ts';
import { EvidenceError, within } from '../errors.ts';

/*
 * Certificates carry ECDSA signatures as DER (RFC 3279, section 2.2.3), quotes and WebCrypto as r
 * || s.
 */

const CODE = 'ERR_ECDSA_SIGNATURE';
const WHAT = 'ECDSA signature';

/**
 * Turns a DER signature into r || s.
 *
 * @param der `SEQUENCE { r INTEGER, s INTEGER }`
 * @param size bytes of each number: 32 for P-256, 48 for P-384
 * @returns `2 * size` bytes
 * @throws EvidenceError `ERR_ECDSA_SIGNATURE`
 */
export function ecdsaSignatureToRaw(der: Uint8Array, size: number): Uint8Array {
  return within(CODE, WHAT, () => {
    const numbers = derElements(parseDer(der), 2).map((number) => readInteger(number));
    return concatBytes(...numbers.map((number) => fixedSize(number, size)));
  });
}

/**
 * Turns r || s into a DER signature.
 *
 * @param raw both numbers, of equal size
 * @throws EvidenceError `ERR_ECDSA_SIGNATURE`
 */
export function ecdsaSignatureFromRaw(raw: Uint8Array): Uint8Array {
  const size = raw.length / 2;
  if (!Number.isInteger(size) || size === 0) throw malformed('halves of equal size');
  const [r, s] = [raw.subarray(0, size), raw.subarray(size)];
  if (isAllZero(r) || isAllZero(s)) throw malformed('positive r and s');
  return derSequence(derInteger(r), derInteger(s));
}

function fixedSize(integer: Uint8Array, size: number): Uint8Array {
  const magnitude = integer[0] === 0 ? integer.subarray(1) : integer;
  // FIPS 186-5, section 6.4.2: r and s lie in [1, n - 1].
  if ((integer[0] ?? 0) >= 0x80 || magnitude.length === 0 || magnitude.length > size) {
    throw malformed(`positive r and s of at most ${size} bytes`);
  }
  return concatBytes(new Uint8Array(size - magnitude.length), magnitude);
}

function malformed(expected: string): EvidenceError {
  return new EvidenceError(CODE, `${WHAT} is not valid`, { expected });
}
