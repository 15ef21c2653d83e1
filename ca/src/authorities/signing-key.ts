// SPDX-License-Identifier: Apache-2.0
import { webcrypto, type KeyObject } from 'node:crypto';
import { signingScheme, type SigningScheme } from '../keys/key-type.ts';

/** A CA's private key as WebCrypto takes it, and how it signs. */
export interface SigningKey {
  readonly key: webcrypto.CryptoKey;
  readonly algorithm: webcrypto.EcdsaParams;
}

/** The names that WebCrypto has for each scheme (Web Cryptography API, section 23). */
const ALGORITHMS: Readonly<
  Record<SigningScheme['signatureAlgorithm'], webcrypto.EcdsaParams & webcrypto.EcKeyImportParams>
> = {
  'ecdsa-sha256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'ecdsa-sha384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
};

/**
 * Hands a private key to WebCrypto, from where it cannot be exported again.
 *
 * @param privateKey - the CA's key
 * @throws CaError `ERR_CA_KEY_UNSUPPORTED`
 */
export async function signingKey(privateKey: KeyObject): Promise<SigningKey> {
  const algorithm = ALGORITHMS[signingScheme(privateKey).signatureAlgorithm];
  // KeyObject.toCryptoKey came with Node 23.
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  try {
    const key = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
    return { key, algorithm };
  } finally {
    pkcs8.fill(0);
  }
}
