// SPDX-License-Identifier: Apache-2.0
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { CaError } from '../errors.ts';

/** The kinds of key that a CA may have. */
export type KeyType = 'P-256' | 'P-384';

/** What signing with one kind of key takes. */
export interface SigningScheme {
  /** The curve under OpenSSL's name. */
  readonly curve: 'prime256v1' | 'secp384r1';
  /** The digest that RFC 5758 pairs with the curve's strength. */
  readonly hash: 'sha256' | 'sha384';
  /** The name of the pair in a certificate. */
  readonly signatureAlgorithm: 'ecdsa-sha256' | 'ecdsa-sha384';
  /** Its OID (RFC 5758, section 3.2). */
  readonly signatureOid: string;
}

const SCHEMES: Readonly<Record<KeyType, SigningScheme>> = {
  'P-256': {
    curve: 'prime256v1',
    hash: 'sha256',
    signatureAlgorithm: 'ecdsa-sha256',
    signatureOid: '1.2.840.10045.4.3.2',
  },
  'P-384': {
    curve: 'secp384r1',
    hash: 'sha384',
    signatureAlgorithm: 'ecdsa-sha384',
    signatureOid: '1.2.840.10045.4.3.3',
  },
};

const generate = promisify(generateKeyPair);

/**
 * A new key pair.
 *
 * @param type - which curve
 */
export async function createKeyPair(
  type: KeyType,
): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  return generate('ec', { namedCurve: SCHEMES[type].curve });
}

/**
 * How a CA key signs.
 *
 * @param key - the public or the private half
 * @throws CaError `ERR_CA_KEY_UNSUPPORTED` for anything but ECDSA P-256 and P-384
 */
export function signingScheme(key: KeyObject): SigningScheme {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const scheme = Object.values(SCHEMES).find((known) => known.curve === curve);
  if (key.asymmetricKeyType === 'ec' && scheme !== undefined) return scheme;
  const seen = [key.asymmetricKeyType ?? key.type, curve].filter(Boolean).join(' ');
  throw new CaError('ERR_CA_KEY_UNSUPPORTED', `the CA key is ${seen}`, {
    expected: 'ECDSA P-256 or P-384',
    seen,
    hint: 'make a CA with `proofgate ca init`, or sign a P-256 intermediary with the existing root',
  });
}
