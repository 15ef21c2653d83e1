// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';

/** RFC 5480, section 2: SubjectPublicKeyInfo of an uncompressed P-256 point, up to the point's coordinates. */
export const P256_SPKI_PREFIX: Uint8Array = Buffer.from(
  '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
  'hex',
);

/**
 * The SubjectPublicKeyInfo of a P-256 key. OpenSSL's own encoder takes a third of the time of issuing a leaf; the
 * coordinates are a fifth of that away.
 *
 * @param key - public, P-256
 * @returns 91 bytes of DER
 */
export function p256Spki(key: KeyObject): Uint8Array {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const point = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')];
  return new Uint8Array(Buffer.concat([P256_SPKI_PREFIX, ...point]));
}
