// SPDX-License-Identifier: Apache-2.0
import { readDer, type DerReader } from '../asn1/der-reader.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { CURVE, KEY_ALGORITHM } from './x509-oid.ts';

/**
 * A public key, as far as its algorithm is one we know. Points are not checked to lie on their
 * curve here.
 */
export type PublicKey =
  /** `point` is uncompressed: 04, x, y; 65 bytes. */
  | { readonly algorithm: 'ec-p256'; readonly point: Uint8Array }
  /** `point` is uncompressed: 04, x, y; 97 bytes. */
  | { readonly algorithm: 'ec-p384'; readonly point: Uint8Array }
  /** Content octets of both INTEGERs, so the modulus usually begins with a zero octet. */
  | { readonly algorithm: 'rsa'; readonly modulus: Uint8Array; readonly exponent: Uint8Array }
  | { readonly algorithm: 'ed25519'; readonly key: Uint8Array }
  | { readonly algorithm: 'unknown'; readonly oid: string };

/**
 * Largest RSA modulus: AMD's keys have 4096 bits; 8192 leaves room and still bounds the work of a
 * check.
 */
const MAX_RSA_MODULUS_BYTES: number = 8192 / 8 + 1;

const UNCOMPRESSED_POINT = 0x04;

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280, section 4.1).
 *
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  return readDer(spki, (der) =>
    der.sequence((inner) => {
      const algorithm = inner.sequence((identifier) => ({
        oid: identifier.oid(),
        parameters: identifier.done ? undefined : identifier.raw(),
      }));
      return keyOf(algorithm, inner.bitString());
    }),
  );
}

interface KeyAlgorithm {
  readonly oid: string;
  readonly parameters: Uint8Array | undefined;
}

function keyOf({ oid, parameters }: KeyAlgorithm, key: Uint8Array): PublicKey {
  switch (oid) {
    case KEY_ALGORITHM.ec:
      return ecKey(parameters, key);
    case KEY_ALGORITHM.rsa:
      return readDer(key, readRsaKey);
    case KEY_ALGORITHM.ed25519:
      // RFC 8410, sections 3 and 4.
      if (parameters !== undefined || key.length !== 32)
        throw derInvalid('Ed25519 key is malformed');
      return { algorithm: 'ed25519', key };
    default:
      return { algorithm: 'unknown', oid };
  }
}

function ecKey(parameters: Uint8Array | undefined, key: Uint8Array): PublicKey {
  if (parameters === undefined) throw derInvalid('EC key names no curve');
  const curve = readDer(parameters, (der) => der.oid());
  if (curve === CURVE.p256) return { algorithm: 'ec-p256', point: ecPoint(key, 65) };
  if (curve === CURVE.p384) return { algorithm: 'ec-p384', point: ecPoint(key, 97) };
  return { algorithm: 'unknown', oid: curve };
}

// One key has one accepted encoding, because report data is computed over the encoding.
function ecPoint(key: Uint8Array, size: number): Uint8Array {
  if (key.length !== size || key[0] !== UNCOMPRESSED_POINT) {
    throw derInvalid('EC key is not an uncompressed point', `04 and ${size - 1} bytes`);
  }
  return key;
}

// RFC 8017, appendix A.1.1.
function readRsaKey(der: DerReader): PublicKey {
  return der.sequence((inner) => {
    const modulus = positive(inner.integer());
    const exponent = positive(inner.integer());
    if (modulus.length > MAX_RSA_MODULUS_BYTES) throw derInvalid('RSA modulus is too long');
    return { algorithm: 'rsa', modulus, exponent };
  });
}

function positive(integer: Uint8Array): Uint8Array {
  if ((integer[0] ?? 0) >= 0x80) throw derInvalid('number of an RSA key is negative');
  return integer;
}
