// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import {
  assembleSigned,
  encodeName,
  encodeTbsCertificate,
  encodeTbsCertificateList,
  type TbsCertificate,
  type TbsCertificateList,
} from '@proofgate/evidence';

/** A key of a test, with its SubjectPublicKeyInfo. */
export interface TestKey {
  readonly privateKey: KeyObject;
  readonly spki: Uint8Array;
}

/** Makes an EC key. */
export function ecKey(namedCurve: 'P-256' | 'P-384' = 'P-256'): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return {
    privateKey,
    spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
  };
}

/** One key for every test that does not care which. */
export const testKey: TestKey = ecKey();

/** Writes and signs a certificate; every field has a default. */
export function certificate(overrides: Partial<TbsCertificate> = {}, key = testKey): Uint8Array {
  const tbs: TbsCertificate = {
    serialNumber: Uint8Array.of(1),
    signatureAlgorithm: 'ecdsa-sha256',
    issuer: encodeName({ commonName: 'Test CA', organization: 'Proofgate', country: 'CH' }),
    subject: encodeName({ commonName: 'hello.demo.localhost' }),
    notBefore: new Date('2026-07-21T09:30:00Z'),
    notAfter: new Date('2026-07-22T09:30:00Z'),
    spki: key.spki,
    extensions: [],
    ...overrides,
  };
  return signed(encodeTbsCertificate(tbs), tbs.signatureAlgorithm, key);
}

/** Writes and signs a revocation list; every field has a default. */
export function certificateList(overrides: Partial<TbsCertificateList> = {}): Uint8Array {
  const tbs: TbsCertificateList = {
    signatureAlgorithm: 'ecdsa-sha256',
    issuer: encodeName({ commonName: 'Test CA' }),
    thisUpdate: new Date('2026-07-21T09:30:00Z'),
    nextUpdate: new Date('2026-08-21T09:30:00Z'),
    revoked: [],
    extensions: [],
    ...overrides,
  };
  return signed(encodeTbsCertificateList(tbs), tbs.signatureAlgorithm, testKey);
}

/** Signs what has been written. */
export function signed(
  tbs: Uint8Array,
  algorithm: TbsCertificate['signatureAlgorithm'],
  key: TestKey,
): Uint8Array {
  const hash = algorithm === 'ecdsa-sha256' ? 'sha256' : 'sha384';
  return assembleSigned(tbs, algorithm, new Uint8Array(sign(hash, tbs, key.privateKey)));
}
