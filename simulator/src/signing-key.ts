// SPDX-License-Identifier: Apache-2.0
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';

/** A P-256 key of the simulated platform, in the forms that its users need. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** x ‖ y, 64 bytes: how a quote carries a public key. */
  readonly point: Uint8Array;
  /** SHA-1 of the uncompressed point, 20 bytes (RFC 5280, section 4.2.1.2, method 1). */
  readonly keyId: Uint8Array;
}

/** An uncompressed P-256 point is the last thing in its SubjectPublicKeyInfo: 0x04, x, y. */
const UNCOMPRESSED_POINT_BYTES = 65;

/**
 * Makes a new key.
 *
 * @returns a random P-256 key
 */
export function newSigningKey(): SigningKey {
  return signingKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

/**
 * Reads a key back.
 *
 * @param pem - PKCS#8, unencrypted
 * @returns the key
 * @throws Error when it is not a P-256 private key
 */
export function importSigningKey(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error('not a P-256 key');
  }
  return signingKey(privateKey);
}

/**
 * Writes a key down.
 *
 * @param key - the key
 * @returns PKCS#8 PEM, unencrypted: for a file that its owner alone can read
 */
export function exportSigningKey(key: SigningKey): string {
  return key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * Signs as X.509 wants it.
 *
 * @param key - the signer
 * @param message - what is signed with ECDSA and SHA-256
 * @returns a DER-encoded ECDSA-Sig-Value
 */
export function signDer(key: SigningKey, message: Uint8Array): Uint8Array {
  return new Uint8Array(sign('sha256', message, { key: key.privateKey, dsaEncoding: 'der' }));
}

/**
 * Signs as quotes and collateral want it.
 *
 * @param key - the signer
 * @param message - what is signed with ECDSA and SHA-256
 * @returns r ‖ s, 64 bytes
 */
export function signRaw(key: SigningKey, message: Uint8Array): Uint8Array {
  return new Uint8Array(
    sign('sha256', message, { key: key.privateKey, dsaEncoding: 'ieee-p1363' }),
  );
}

function signingKey(privateKey: KeyObject): SigningKey {
  const spki = new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
  const uncompressed = spki.slice(-UNCOMPRESSED_POINT_BYTES);
  return {
    privateKey,
    spki,
    point: uncompressed.slice(1),
    keyId: new Uint8Array(createHash('sha1').update(uncompressed).digest()),
  };
}
