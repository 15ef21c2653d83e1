// SPDX-License-Identifier: Apache-2.0
import { createECDH } from 'node:crypto';

/** A new key for one leaf, in the forms that issuing and a TLS server take. */
export interface LeafKey {
  /** SubjectPublicKeyInfo: 91 bytes of DER. */
  readonly spki: Uint8Array;
  /** PKCS #8, PEM. */
  readonly privateKeyPem: string;
}

/** RFC 5480, section 2: SubjectPublicKeyInfo of an uncompressed P-256 point, up to the point's coordinates. */
export const P256_SPKI_PREFIX: Uint8Array = Buffer.from(
  '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
  'hex',
);

/** RFC 5208, section 5 and RFC 5915, section 3: PrivateKeyInfo of a P-256 key, up to the key. */
const PKCS8_PREFIX = Buffer.from(
  '308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420',
  'hex',
);

/** What follows the key: the public point, uncompressed, up to its coordinates. */
const PKCS8_POINT_PREFIX = Buffer.from('a14403420004', 'hex');

const SCALAR_BYTES = 32;

/**
 * Makes the P-256 key of a leaf. OpenSSL's key objects and their encoders take three times as long as the key itself,
 * which counts where each leaf has its own.
 */
export function createLeafKey(): LeafKey {
  const ecdh = createECDH('prime256v1');
  // Without its first octet, which says that it is uncompressed and which the prefixes have.
  const coordinates = ecdh.generateKeys().subarray(1);
  const scalar = ecdh.getPrivateKey();
  // A number that begins with zeros comes without them.
  const padding = Buffer.alloc(SCALAR_BYTES - scalar.length);
  const pkcs8 = Buffer.concat([PKCS8_PREFIX, padding, scalar, PKCS8_POINT_PREFIX, coordinates]);
  const lines = pkcs8.toString('base64').match(/.{1,64}/g) ?? [];
  scalar.fill(0);
  pkcs8.fill(0);
  return {
    spki: new Uint8Array(Buffer.concat([P256_SPKI_PREFIX, coordinates])),
    privateKeyPem: `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`,
  };
}
