// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  assembleSigned,
  authorityKeyIdExtension,
  basicConstraintsExtension,
  encodeName,
  encodeTbsCertificate,
  extKeyUsageExtension,
  keyUsageExtension,
  nameConstraintsExtension,
  subjectKeyIdExtension,
  type CertificateExtension,
  type TbsCertificate,
} from '@proofgate/evidence';
import { CA_PROFILES } from '../src/authorities/ca-profile.ts';
import type { CaCertificateRequest, CaSigner } from '../src/authorities/ca-request.ts';
import { revalidateCa } from '../src/authorities/revalidate-ca.ts';
import { subjectKeyId } from '../src/keys/subject-key-id.ts';
import { AT, DAY_MS, refusal } from './pki.ts';

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rootKeys = newKeys();
const keys = newKeys();

const constraints = {
  permitted: { dns: ['example.com'], ip: [], others: 0 },
  excluded: { dns: [], ip: [], others: 0 },
};
const request: CaCertificateRequest = {
  profile: CA_PROFILES.intermediary,
  commonName: 'Test prod1',
  publicKey: keys.publicKey,
  validity: {
    notBefore: new Date('2026-11-20T09:25:42Z'),
    notAfter: new Date('2026-11-22T09:30:42Z'),
  },
  constraints,
};
const signer: CaSigner = {
  name: encodeName({ commonName: 'Test Root' }),
  keyId: subjectKeyId(rootKeys.publicKey),
  ...rootKeys,
};

const right = {
  basic: basicConstraintsExtension({ ca: true, pathLength: 0 }),
  usage: keyUsageExtension(['keyCertSign', 'cRLSign']),
  names: nameConstraintsExtension(constraints),
  own: subjectKeyIdExtension(subjectKeyId(keys.publicKey)),
  above: authorityKeyIdExtension(subjectKeyId(rootKeys.publicKey)),
};

/** What is requested, with the given fields and extensions replaced; an extension that is null is left out. */
function finished(
  fields: Partial<TbsCertificate> = {},
  replaced: Record<string, CertificateExtension | null> = {},
  key = rootKeys.privateKey,
): Uint8Array {
  const extensions = Object.values({ ...right, ...replaced }).filter((one) => one !== null);
  const tbs = encodeTbsCertificate({
    serialNumber: Uint8Array.of(0x40, 1),
    signatureAlgorithm: 'ecdsa-sha256',
    issuer: signer.name,
    subject: encodeName({ commonName: request.commonName }),
    ...request.validity,
    spki: keys.publicKey.export({ type: 'spki', format: 'der' }),
    extensions,
    ...fields,
  });
  return assembleSigned(tbs, 'ecdsa-sha256', sign('sha256', tbs, key));
}

const other = newKeys();
const otherId = subjectKeyId(other.publicKey);
const otherNames = { ...constraints, permitted: { dns: ['com'] } };
const commonName = 'Test prod1';

describe('reading a finished CA certificate back', () => {
  it('accepts what was asked for', () => {
    expect(() => {
      revalidateCa(finished(), request, signer);
    }).not.toThrow();
  });

  it.each<[string, Uint8Array]>([
    ['signature', finished({}, {}, other.privateKey)],
    ['key', finished({ spki: other.publicKey.export({ type: 'spki', format: 'der' }) })],
    ['issuer', finished({ issuer: encodeName({ commonName: 'Test Other' }) })],
    ['subject', finished({ subject: encodeName({ commonName: 'Test prod2' }) })],
    ['subject', finished({ subject: encodeName({ commonName, organization: 'More' }) })],
    ['notBefore', finished({ notBefore: AT })],
    ['notAfter', finished({ notAfter: new Date(AT.getTime() + 3 * DAY_MS) })],
    ['basicConstraints', finished({}, { basic: null })],
    ['basicConstraints', finished({}, { basic: basicConstraintsExtension({ ca: false }) })],
    ['path length', finished({}, { basic: basicConstraintsExtension({ ca: true }) })],
    ['keyUsage', finished({}, { usage: keyUsageExtension(['keyCertSign']) })],
    ['nameConstraints', finished({}, { names: null })],
    ['nameConstraints', finished({}, { names: nameConstraintsExtension(otherNames) })],
    ['subjectKeyIdentifier', finished({}, { own: subjectKeyIdExtension(otherId) })],
    ['subjectKeyIdentifier', finished({}, { own: null })],
    ['authorityKeyIdentifier', finished({}, { above: authorityKeyIdExtension(otherId) })],
    ['authorityKeyIdentifier', finished({}, { above: null })],
    ['set of critical extensions', finished({}, { names: { ...right.names, critical: false } })],
    [
      'set of other extensions',
      finished({}, { more: extKeyUsageExtension(['1.3.6.1.5.5.7.3.1']) }),
    ],
  ])('refuses another %s', (field, der) => {
    const read = (): void => {
      revalidateCa(der, request, signer);
    };
    expect(read).toThrow(refusal('ERR_CA_REVALIDATION'));
    expect(read).toThrow(`another ${field}`);
  });

  it('refuses what cannot be read', () => {
    expect(() => {
      revalidateCa(finished().subarray(1), request, signer);
    }).toThrow(refusal('ERR_CA_REVALIDATION'));
  });
});
