// SPDX-License-Identifier: Apache-2.0
import { fromHex } from '@proofgate/evidence';
import { subtle, type WebCryptoKey } from './web-crypto.ts';

/** The two NIST curves that Intel and AMD sign with. */
export type Curve = 'P-256' | 'P-384';

/** A hash that an ECDSA signature is made over. */
export type EcdsaHash = 'SHA-256' | 'SHA-384';

/** An imported ECDSA public key. */
export interface EcdsaKey {
  readonly kind: 'ecdsa';
  readonly curve: Curve;
  readonly key: WebCryptoKey;
}

// Group orders n (SEC 2, sections 2.4.2 and 2.5.1): r and s lie in 1 … n-1.
const ORDER: Readonly<Record<Curve, Uint8Array>> = {
  'P-256': fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'),
  'P-384': fromHex(
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ),
};

/** Bytes of one coordinate, and of r and of s. */
export const COORDINATE_SIZE: Readonly<Record<Curve, number>> = { 'P-256': 32, 'P-384': 48 };

/**
 * Imports a public key.
 *
 * @param point 0x04 ‖ x ‖ y (SEC 1, section 2.3.3). Importing it takes Node a third of the time that the same key takes
 * as SubjectPublicKeyInfo
 * @throws a WebCrypto `DataError` when the point is not on the curve
 */
export async function importEcdsaKey(curve: Curve, point: Uint8Array): Promise<EcdsaKey> {
  const algorithm = { name: 'ECDSA', namedCurve: curve };
  const key = await subtle().importKey('raw', point, algorithm, false, ['verify']);
  return { kind: 'ecdsa', curve, key };
}

/**
 * Whether a raw signature r ‖ s (big-endian) over `data` is good. High s is accepted: Intel does not normalise.
 */
export async function ecdsaHolds(
  key: EcdsaKey,
  hash: EcdsaHash,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  const size = COORDINATE_SIZE[key.curve];
  if (signature.length !== 2 * size) return false;
  const order = ORDER[key.curve];
  if (!inRange(signature.subarray(0, size), order)) return false;
  if (!inRange(signature.subarray(size), order)) return false;
  return subtle().verify({ name: 'ECDSA', hash }, key.key, signature, data);
}

// FIPS 186-5, section 6.4.2, step 1. Implementations check it too; a signature is public, so timing is no concern.
function inRange(scalar: Uint8Array, order: Uint8Array): boolean {
  if (scalar.every((byte) => byte === 0)) return false;
  for (const [index, limit] of order.entries()) {
    const byte = scalar[index] ?? 0;
    if (byte !== limit) return byte < limit;
  }
  return false;
}
