// SPDX-License-Identifier: Apache-2.0
import { toHex } from '@proofgate/evidence';
import { refuse, type RejectionCode } from '../errors.ts';
import { subtle, type WebCryptoKey } from './web-crypto.ts';

/** One of the two NIST curves that Intel and AMD sign with. */
export interface Curve {
  readonly name: 'P-256' | 'P-384';
  /** How a certificate's key on it is called. */
  readonly algorithm: 'ec-p256' | 'ec-p384';
  /** Bytes of one coordinate, and of r and of s. */
  readonly size: number;
  /** The order n of the group in hex (SEC 2, sections 2.4.2 and 2.5.1): r and s lie in 1 … n-1. */
  readonly order: string;
}

/** NIST P-256, alias secp256r1. */
export const P256: Curve = {
  name: 'P-256',
  algorithm: 'ec-p256',
  size: 32,
  order: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
};

/** NIST P-384, alias secp384r1. */
export const P384: Curve = {
  name: 'P-384',
  algorithm: 'ec-p384',
  size: 48,
  order:
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
};

/** A hash that an ECDSA signature is made over. */
export type EcdsaHash = 'SHA-256' | 'SHA-384';

/** An imported ECDSA public key. */
export interface EcdsaKey {
  readonly curve: Curve;
  readonly key: WebCryptoKey;
}

/**
 * Imports a public key.
 *
 * @param point 0x04 ‖ x ‖ y (SEC 1, section 2.3.3). Importing it takes Node a third of the time that the same key takes
 * as SubjectPublicKeyInfo
 * @throws a WebCrypto `DataError` when the point is not on the curve
 */
export async function importEcdsaKey(curve: Curve, point: Uint8Array): Promise<EcdsaKey> {
  const algorithm = { name: 'ECDSA', namedCurve: curve.name };
  const key = await subtle().importKey('raw', point, algorithm, false, ['verify']);
  return { curve, key };
}

/**
 * Whether a raw signature r ‖ s (big-endian) over `data` is good. High s is accepted: Intel does not normalise.
 */
export async function ecdsaHolds(
  { curve: { size, order }, key }: EcdsaKey,
  hash: EcdsaHash,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  return (
    signature.length === 2 * size &&
    inRange(signature.subarray(0, size), order) &&
    inRange(signature.subarray(size), order) &&
    subtle().verify({ name: 'ECDSA', hash }, key, signature, data)
  );
}

// FIPS 186-5, section 6.4.2, step 1. Implementations check it too; a signature is public, so timing is no concern.
function inRange(scalar: Uint8Array, order: string): boolean {
  const hex = toHex(scalar);
  return /[^0]/.test(hex) && hex < order;
}

/**
 * Demands that an ECDSA signature with SHA-256 is good.
 *
 * @param signer for the message
 * @throws VerifierError `code`
 */
export async function demandSignature(
  code: RejectionCode,
  what: string,
  signer: string,
  key: EcdsaKey,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<void> {
  if (!(await ecdsaHolds(key, 'SHA-256', signature, data)))
    refuse(code, what, `signed by ${signer}`);
}
