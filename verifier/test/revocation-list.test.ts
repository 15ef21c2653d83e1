// SPDX-License-Identifier: Apache-2.0
import { sign } from 'node:crypto';
import {
  assembleSigned,
  authorityKeyIdExtension,
  type CertificateExtension,
  crlNumberExtension,
  encodeTbsCertificateList,
  keyUsageExtension,
  basicConstraintsExtension,
  MAX_CERTIFICATE_LIST_BYTES,
  parseCertificate,
} from '@proofgate/evidence';
import { describe, expect, it } from 'vitest';
import type { Issuer } from '../src/x509/issued-by.ts';
import { importCertificateKey } from '../src/x509/public-key.ts';
import { checkNotRevoked, verifyRevocationList } from '../src/x509/revocation-list.ts';
import {
  caExtensions,
  HOUR_MS,
  issue,
  keyIds,
  leafExtensions,
  NOW,
  type Party,
} from './private-pki.ts';
import { refusal } from './refusal.ts';

const KEY_ID = Uint8Array.of(1, 2, 3, 4);
const ca = issue({ commonName: 'Test CA', extensions: caExtensions(0, ...keyIds(KEY_ID)) });
const leaf = issue({ commonName: 'leaf', issuer: ca, extensions: leafExtensions(['a.example']) });
const serialNumber = parseCertificate(leaf.certificate).serialNumber;
const complete = [crlNumberExtension(7n), authorityKeyIdExtension(KEY_ID)];

interface ListWish {
  readonly issuer?: Party;
  readonly signer?: Party;
  readonly extensions?: readonly CertificateExtension[];
  readonly revoked?: readonly Uint8Array[];
}

function list({ issuer = ca, signer = issuer, extensions = complete, revoked = [] }: ListWish) {
  const tbs = encodeTbsCertificateList({
    signatureAlgorithm: 'ecdsa-sha256',
    issuer: issuer.name,
    thisUpdate: new Date(NOW.getTime() - HOUR_MS),
    nextUpdate: new Date(NOW.getTime() + HOUR_MS),
    revoked: revoked.map((serial) => ({ serialNumber: serial, date: NOW })),
    extensions,
  });
  const signature = new Uint8Array(sign('sha256', tbs, signer.privateKey));
  return assembleSigned(tbs, 'ecdsa-sha256', signature);
}

async function issuerOf(party: Party): Promise<Issuer> {
  const certificate = parseCertificate(party.certificate);
  return { what: 'the CA', certificate, key: await importCertificateKey(certificate, 'the CA') };
}

const verify = async (der: Uint8Array, by: Party = ca) =>
  verifyRevocationList(der, await issuerOf(by), 'the list');
const outcome = async (der: Uint8Array, by: Party = ca) => refusal(async () => verify(der, by));

describe('a revocation list', () => {
  it('is accepted when its issuer signed it and it is complete', async () => {
    expect(await outcome(list({}))).toBe('accepted');
  });

  it('is refused from another issuer, and signed by another', async () => {
    const other = issue({ commonName: 'Other CA', extensions: caExtensions(0) });
    expect(await outcome(list({ issuer: other }))).toBe('ERR_CRL_ISSUER');
    expect(await outcome(list({ signer: other }))).toBe('ERR_CRL_SIGNATURE');
  });

  it.each([
    ['a number', [authorityKeyIdExtension(KEY_ID)], 'ERR_CRL_INCOMPLETE'],
    ['its issuer’s key identifier', [crlNumberExtension(7n)], 'ERR_CRL_INCOMPLETE'],
    ['any extension', [], 'ERR_CRL_INCOMPLETE'],
    [
      'the right key identifier',
      [crlNumberExtension(7n), authorityKeyIdExtension(Uint8Array.of(9))],
      'ERR_CRL_ISSUER',
    ],
  ])('is refused without %s', async (_what, extensions, code) => {
    expect(await outcome(list({ extensions }))).toBe(code);
  });

  it('needs no key identifier of a certificate that has none', async () => {
    const plain = issue({ commonName: 'Plain CA', extensions: caExtensions(0) });
    expect(await outcome(list({ issuer: plain }), plain)).toBe('accepted');
  });

  it('is refused with a critical extension, known or not', async () => {
    const scope = { oid: '2.5.29.28', value: Uint8Array.of(0x30, 0) };
    const added = (critical: boolean) =>
      list({ extensions: [...complete, { ...scope, critical }] });
    expect(await outcome(added(false))).toBe('accepted');
    expect(await outcome(added(true))).toBe('ERR_CRL_CRITICAL_EXTENSION');
  });

  it('is refused from a CA that may not sign lists', async () => {
    const issuing = [basicConstraintsExtension({ ca: true }), keyUsageExtension(['keyCertSign'])];
    const mute = issue({ commonName: 'Mute CA', extensions: issuing });
    expect(await outcome(list({ issuer: mute }), mute)).toBe('ERR_CERT_KEY_USAGE');
  });

  it('is bounded in size, and unreadable is not empty', async () => {
    const largest = new Uint8Array(MAX_CERTIFICATE_LIST_BYTES);
    const larger = new Uint8Array(MAX_CERTIFICATE_LIST_BYTES + 1);
    for (const bytes of [new Uint8Array(), largest, larger]) {
      expect(await outcome(bytes)).toBe('ERR_CRL_UNREADABLE');
    }
    await expect(verify(larger)).rejects.toThrow('revocation list is too large');
    await expect(verify(largest)).rejects.not.toThrow('too large');
    await expect(verify(new Uint8Array())).rejects.toThrow('tag is not valid');
  });
});

describe('a certificate on a list', () => {
  const check = async (der: Uint8Array, by: Party = ca, party: Party = leaf) => {
    const verified = await verify(der, by);
    return refusal(() => {
      checkNotRevoked(parseCertificate(party.certificate), verified, 'the leaf');
    });
  };

  it('is revoked, and others are not', async () => {
    expect(await check(list({}))).toBe('accepted');
    expect(await check(list({ revoked: [Uint8Array.of(5)] }))).toBe('accepted');
    expect(await check(list({ revoked: [Uint8Array.of(5), serialNumber] }))).toBe(
      'ERR_CERT_REVOKED',
    );
  });

  it('is not covered by the list of another issuer', async () => {
    const other = issue({ commonName: 'Other CA', extensions: caExtensions(0) });
    expect(await check(list({ issuer: other }), other)).toBe('ERR_CRL_ISSUER');
    const below = issue({ commonName: 'x', issuer: other, extensions: leafExtensions(['a.b']) });
    expect(await check(list({ issuer: other }), other, below)).toBe('accepted');
  });
});

describe('a signature in the X.509 manner', () => {
  it('does not hold when it is no pair of integers, and is refused by an unknown algorithm', async () => {
    const { key } = await issuerOf(ca);
    const certificate = parseCertificate(leaf.certificate);
    expect(await key.signed(certificate, 'it')).toBe(true);
    expect(await key.signed({ ...certificate, signature: Uint8Array.of(1) }, 'it')).toBe(false);
    const strange = { ...certificate, signatureAlgorithm: '1.2.3' };
    expect(await refusal(async () => key.signed(strange, 'it'))).toBe('ERR_CERT_ALGORITHM');
    const sha384 = { ...certificate, signatureAlgorithm: '1.2.840.10045.4.3.3' };
    expect(await key.signed(sha384, 'it')).toBe(false);
  });

  it('needs a key that is a point of its curve', async () => {
    const certificate = parseCertificate(leaf.certificate);
    const { publicKey } = certificate;
    if (publicKey.algorithm !== 'ec-p256') throw new Error('not P-256');
    const point = publicKey.point.with(40, (publicKey.point[40] ?? 0) ^ 1);
    const off = { ...certificate, publicKey: { ...publicKey, point } };
    expect(await refusal(async () => importCertificateKey(certificate, 'it'))).toBe('accepted');
    expect(await refusal(async () => importCertificateKey(off, 'it'))).toBe('ERR_CERT_ALGORITHM');
    await expect(importCertificateKey(off, 'it')).rejects.toThrow('unusable key');
  });
});
