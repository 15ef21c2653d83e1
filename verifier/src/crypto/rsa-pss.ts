// SPDX-License-Identifier: Apache-2.0
import { subtle, type WebCryptoKey } from './web-crypto.ts';

/** An imported RSA public key for RSASSA-PSS with SHA-384, the one profile that AMD's CAs use. */
export interface RsaPssKey {
  readonly key: WebCryptoKey;
}

/** AMD's profile: the salt is as long as the hash (SEV-SNP VCEK certificate specification, section 1.4). */
const SALT_LENGTH = 48;

/**
 * Imports an RSA public key from its DER SubjectPublicKeyInfo.
 *
 * @throws a WebCrypto `DataError` when it is not one
 */
export async function importRsaPssSpki(spki: Uint8Array): Promise<RsaPssKey> {
  const algorithm = { name: 'RSA-PSS', hash: 'SHA-384' };
  return { key: await subtle().importKey('spki', spki, algorithm, false, ['verify']) };
}

/**
 * Whether an RSASSA-PSS signature with SHA-384, MGF1 over SHA-384 and a 48-byte salt is good. Other parameters fail
 * here whatever the certificate declares.
 */
export async function rsaPssHolds(
  key: RsaPssKey,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  return subtle().verify({ name: 'RSA-PSS', saltLength: SALT_LENGTH }, key.key, signature, data);
}
