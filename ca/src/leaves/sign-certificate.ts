// SPDX-License-Identifier: Apache-2.0
import { sign, type KeyObject } from 'node:crypto';
import { assembleSigned, encodeTbsCertificate, type TbsCertificate } from '@proofgate/evidence';
import type { SigningScheme } from '../keys/key-type.ts';

/** A certificate before its signature; the signature algorithm follows from the key. */
export type UnsignedCertificate = Omit<TbsCertificate, 'signatureAlgorithm'>;

/**
 * Encodes and signs a certificate. Decides nothing about its contents.
 *
 * @param unsigned - every field
 * @param key - the issuer's private key
 * @param scheme - how that key signs
 * @returns the certificate as DER
 */
export function signCertificate(
  unsigned: UnsignedCertificate,
  key: KeyObject,
  { hash, signatureAlgorithm }: SigningScheme,
): Uint8Array {
  const tbs = encodeTbsCertificate({ ...unsigned, signatureAlgorithm });
  return assembleSigned(tbs, signatureAlgorithm, sign(hash, tbs, key));
}
