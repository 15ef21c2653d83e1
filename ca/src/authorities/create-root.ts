// SPDX-License-Identifier: Apache-2.0
import { createKeyPair, type KeyType } from '../keys/key-type.ts';
import { subjectKeyId } from '../keys/subject-key-id.ts';
import { caName, issueCaCertificate } from './ca-certificate.ts';
import { CA_PROFILES } from './ca-profile.ts';
import type { CaIdentity } from './ca-request.ts';
import { caValidity } from './ca-validity.ts';

/** What a new root is to be. */
export interface RootOptions {
  readonly commonName: string;
  /** P-256 unless given. */
  readonly keyType?: KeyType;
  /** Validity from now, up to 9,131 days. */
  readonly days: number;
  /** The current time. */
  readonly at: Date;
}

/**
 * Makes a root CA: a new key and its self-signed certificate, which may sign intermediaries and revocation lists.
 *
 * @param options - name, key type, validity
 * @throws CaError `ERR_CA_NAME_INVALID`, `ERR_CA_VALIDITY`
 * @example
 * ```ts
 * const root = await createRoot({ commonName: 'Example Root', days: 3650, at: new Date() });
 * ```
 */
export async function createRoot(options: RootOptions): Promise<CaIdentity> {
  const { commonName, keyType = 'P-256', days, at } = options;
  const profile = CA_PROFILES.root;
  const name = caName(commonName);
  const validity = caValidity(at, days, profile.maxDays);
  const { publicKey, privateKey } = await createKeyPair(keyType);
  const signer = { name, keyId: subjectKeyId(publicKey), publicKey, privateKey };
  const certificate = await issueCaCertificate(
    { profile, commonName, publicKey, validity },
    signer,
  );
  return { certificate, privateKey };
}
