// SPDX-License-Identifier: Apache-2.0
import { readDer } from '../asn1/der-reader.ts';
import { derInteger, derSequence } from '../asn1/der-writer.ts';
import { concatBytes, isAllZero } from '../bytes/bytes.ts';
import { EvidenceError } from '../errors.ts';

/*
 * Certificates carry ECDSA signatures as DER (RFC 3279, section 2.2.3), quotes and WebCrypto as r
 * || s.
 */

/**
 * Turns a DER signature into r || s.
 *
 * @param der `SEQUENCE { r INTEGER, s INTEGER }`
 * @param size bytes of each number: 32 for P-256, 48 for P-384
 * @returns `2 * size` bytes
 * @throws EvidenceError `ERR_ECDSA_SIGNATURE`
 */
export function ecdsaSignatureToRaw(der: Uint8Array, size: number): Uint8Array {
  const [r, s] = readNumbers(der);
  return concatBytes(fixedSize(r, size), fixedSize(s, size));
}

/**
 * Turns r || s into a DER signature.
 *
 * @param raw both numbers, of equal size
 * @throws EvidenceError `ERR_ECDSA_SIGNATURE`
 */
export function ecdsaSignatureFromRaw(raw: Uint8Array): Uint8Array {
  const size = raw.length / 2;
  if (!Number.isInteger(size) || size === 0) throw malformed('halves differ in size');
  const [r, s] = [raw.subarray(0, size), raw.subarray(size)];
  if (isAllZero(r) || isAllZero(s)) throw malformed('r or s is zero');
  return derSequence(derInteger(r), derInteger(s));
}

function readNumbers(der: Uint8Array): readonly [Uint8Array, Uint8Array] {
  try {
    return readDer(der, (reader) => reader.sequence((inner) => [inner.integer(), inner.integer()]));
  } catch (cause) {
    throw malformed('bytes are not a SEQUENCE of two INTEGERs', cause);
  }
}

function fixedSize(integer: Uint8Array, size: number): Uint8Array {
  if ((integer[0] ?? 0) >= 0x80) throw malformed('r or s is negative');
  const magnitude = integer[0] === 0 ? integer.subarray(1) : integer;
  // FIPS 186-5, section 6.4.2: r and s lie in [1, n - 1].
  if (magnitude.length === 0) throw malformed('r or s is zero');
  if (magnitude.length > size) throw malformed(`r or s is longer than ${size} bytes`);
  return concatBytes(new Uint8Array(size - magnitude.length), magnitude);
}

function malformed(reason: string, cause?: unknown): EvidenceError {
  return new EvidenceError(
    'ERR_ECDSA_SIGNATURE',
    `ECDSA signature is malformed: ${reason}`,
    cause === undefined ? {} : { cause },
  );
}
