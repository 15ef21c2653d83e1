// SPDX-License-Identifier: Apache-2.0
import { type DerElement, derElements, parseDer } from '../asn1/der-element.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { readBitString, readInteger, readOid } from '../asn1/der-values.ts';
import { EC_KEY, ED25519_KEY, P256, P384, RSA_KEY } from './x509-oid.ts';

/** A public key on P-256. Whether the point lies on the curve is not checked here. */
export interface P256PublicKey {
  readonly algorithm: 'ec-p256';
  /** Uncompressed: 04, x, y; 65 bytes. */
  readonly point: Uint8Array;
}

/** A key of an algorithm or on a curve that we do not know, and whose OID that is. */
export interface UnknownPublicKey {
  readonly algorithm: 'unknown';
  readonly oid: string;
}

/** A public key, as far as its algorithm is one we know. */
export type PublicKey =
  | P256PublicKey
  /** Like the former, on another curve; 97 bytes. */
  | { readonly algorithm: 'ec-p384'; readonly point: Uint8Array }
  /** Content octets of both INTEGERs, so the modulus usually begins with a zero octet. */
  | { readonly algorithm: 'rsa'; readonly modulus: Uint8Array; readonly exponent: Uint8Array }
  | { readonly algorithm: 'ed25519'; readonly key: Uint8Array }
  | UnknownPublicKey;

/**
 * Largest RSA modulus: AMD's keys have 4096 bits; 8192 leaves room and still bounds the work of a
 * check.
 */
const MAX_RSA_MODULUS_BYTES: number = 8192 / 8 + 1;

const UNCOMPRESSED_POINT = 0x04;

/** A SubjectPublicKeyInfo, taken apart. */
interface KeyInfo {
  readonly oid: string;
  readonly parameters: DerElement | undefined;
  readonly key: Uint8Array;
}

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280, section 4.1).
 *
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  const info = readKeyInfo(spki);
  const { oid, parameters, key } = info;
  switch (oid) {
    case RSA_KEY:
      return readRsaKey(parseDer(key));
    case ED25519_KEY:
      // RFC 8410, sections 3 and 4.
      if (parameters !== undefined || key.length !== 32) throw derInvalid('Ed25519 key');
      return { algorithm: 'ed25519', key };
    case EC_KEY:
      if (readOid(parameters) === P384) return { algorithm: 'ec-p384', point: ecPoint(key, 97) };
      return p256Key(info);
    default:
      return p256Key(info);
  }
}

/**
 * Reads a SubjectPublicKeyInfo where a key on P-256 is expected; others are unknown.
 *
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function parseP256PublicKey(spki: Uint8Array): P256PublicKey | UnknownPublicKey {
  return p256Key(readKeyInfo(spki));
}

function readKeyInfo(spki: Uint8Array): KeyInfo {
  const [algorithm, key] = derElements(parseDer(spki), 2);
  const [oid, parameters] = derElements(algorithm, 1, 2);
  return { oid: readOid(oid), parameters, key: readBitString(key) };
}

function p256Key({ oid, parameters, key }: KeyInfo): P256PublicKey | UnknownPublicKey {
  if (oid !== EC_KEY) return { algorithm: 'unknown', oid };
  const curve = readOid(parameters);
  if (curve === P256) return { algorithm: 'ec-p256', point: ecPoint(key, 65) };
  return { algorithm: 'unknown', oid: curve };
}

// One key has one accepted encoding, because report data is computed over the encoding.
function ecPoint(key: Uint8Array, size: number): Uint8Array {
  if (key.length !== size || key[0] !== UNCOMPRESSED_POINT) {
    throw derInvalid('EC key', `04 and ${size - 1} bytes`);
  }
  return key;
}

// RFC 8017, appendix A.1.1.
function readRsaKey(key: DerElement): PublicKey {
  const [modulus, exponent] = derElements(key, 2).map((number) => positive(readInteger(number)));
  if (modulus === undefined || exponent === undefined || modulus.length > MAX_RSA_MODULUS_BYTES) {
    throw derInvalid('RSA modulus', `at most ${MAX_RSA_MODULUS_BYTES} bytes`);
  }
  return { algorithm: 'rsa', modulus, exponent };
}

function positive(integer: Uint8Array): Uint8Array {
  if ((integer[0] ?? 0) >= 0x80) throw derInvalid('RSA key', 'numbers that are not negative');
  return integer;
}
