// SPDX-License-Identifier: Apache-2.0
import { createCipheriv, randomBytes, scrypt, type KeyObject } from 'node:crypto';
import {
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  encodePem,
  utf8,
} from '@proofgate/evidence';
import { CaError } from '../errors.ts';
import type { Passphrase } from './private-key-pem.ts';

/** RFC 8018, appendix A.4. */
const OID_PBES2 = '1.2.840.113549.1.5.13';
/** RFC 7914, section 7. */
const OID_SCRYPT = '1.3.6.1.4.1.11591.4.11';
/** RFC 8018, appendix B.2.5. */
const OID_AES_256_CBC = '2.16.840.1.101.3.4.1.42';

/**
 * scrypt cost. OpenSSL and Node refuse parameters that need more than 32 MiB, which N = 2^15 with r = 8 does;
 * at N = 2^14 (16 MiB) the OWASP password storage cheat sheet asks for p = 5.
 */
const SCRYPT_COST = { N: 16_384, r: 8, p: 5 } as const;

const SALT_BYTES = 16;
const IV_BYTES = 16;
const KEY_BYTES = 32;

/** Less than this can be searched in spite of scrypt. */
const MIN_PASSPHRASE_BYTES = 8;

/**
 * Encrypts a private key for keeping: PKCS#8 with PBES2, scrypt and AES-256-CBC (RFC 5958, 8018 and 7914),
 * which OpenSSL 1.1 and later opens. Node's own export is not used because its key derivation is PBKDF2
 * with a fixed 2,048 rounds.
 *
 * @param key - the private key
 * @param passphrase - at least 8 bytes of UTF-8
 * @returns PEM with the label `ENCRYPTED PRIVATE KEY`
 * @throws CaError `ERR_CA_PASSPHRASE_WEAK`
 */
export async function encryptPrivateKey(key: KeyObject, passphrase: Passphrase): Promise<string> {
  const secret = typeof passphrase === 'string' ? utf8(passphrase) : passphrase;
  if (secret.length < MIN_PASSPHRASE_BYTES) {
    throw new CaError('ERR_CA_PASSPHRASE_WEAK', 'the passphrase for the key file is too short', {
      expected: `at least ${String(MIN_PASSPHRASE_BYTES)} bytes`,
    });
  }
  const salt = randomBytes(SALT_BYTES);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-cbc', await deriveKey(secret, salt), iv);
  const plain = key.export({ type: 'pkcs8', format: 'der' });
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  plain.fill(0);
  return encodePem(
    'ENCRYPTED PRIVATE KEY',
    derSequence(encryptionScheme(salt, iv), derOctetString(encrypted)),
  );
}

/**
 * A private key as plain PKCS#8 PEM, for a file that only its owner can read.
 *
 * @param key - the private key
 */
export function encodePrivateKey(key: KeyObject): string {
  return encodePem('PRIVATE KEY', key.export({ type: 'pkcs8', format: 'der' }));
}

function encryptionScheme(salt: Uint8Array, iv: Uint8Array): Uint8Array {
  const derivation = derSequence(
    derOid(OID_SCRYPT),
    derSequence(
      derOctetString(salt),
      derInteger(BigInt(SCRYPT_COST.N)),
      derInteger(BigInt(SCRYPT_COST.r)),
      derInteger(BigInt(SCRYPT_COST.p)),
    ),
  );
  const encryption = derSequence(derOid(OID_AES_256_CBC), derOctetString(iv));
  return derSequence(derOid(OID_PBES2), derSequence(derivation, encryption));
}

async function deriveKey(secret: Uint8Array, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, KEY_BYTES, SCRYPT_COST, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
