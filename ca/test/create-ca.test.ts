// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  createIntermediary,
  createRoot,
  type IntermediaryOptions,
} from '@proofgate/ca/authorities';
import { encodeName, parseCertificate, toHex } from '@proofgate/evidence';
import { AT, DAY_MS, forge, intermediary, refusal, root } from './pki.ts';

describe('a new root', () => {
  it('may sign certificates and revocation lists, over one more level of CAs', () => {
    const read = parseCertificate(root.certificate);
    expect(read.subject.text).toBe('CN=Test Root');
    expect(read.issuer.raw).toEqual(read.subject.raw);
    expect(read.basicConstraints).toEqual({ ca: true, pathLength: 1 });
    expect(read.keyUsage).toEqual(new Set(['keyCertSign', 'cRLSign']));
    expect(read.extensions.get('2.5.29.19')?.critical).toBe(true);
    expect(read.extensions.get('2.5.29.15')?.critical).toBe(true);
    expect(read.nameConstraints).toBeUndefined();
    expect(read.authorityKeyId).toEqual(read.subjectKeyId);
    expect(read.publicKey.algorithm).toBe('ec-p256');
    const node = new X509Certificate(root.certificate);
    expect(node.verify(node.publicKey)).toBe(true);
    expect(node.checkPrivateKey(root.privateKey)).toBe(true);
  });

  it('starts five minutes ago, in whole seconds, and lives for the days asked', () => {
    const read = parseCertificate(root.certificate);
    expect(read.notBefore.toISOString()).toBe('2026-11-20T09:25:42.000Z');
    expect(read.notAfter.getTime()).toBe(AT.getTime() + 3650 * DAY_MS);
  });

  it('has P-384 on request, and signs with SHA-384 then', async () => {
    const { certificate } = await createRoot({
      commonName: 'R',
      keyType: 'P-384',
      days: 1,
      at: AT,
    });
    const read = parseCertificate(certificate);
    expect(read.publicKey.algorithm).toBe('ec-p384');
    expect(read.signatureAlgorithm).toBe('1.2.840.10045.4.3.3');
  });

  it('has a positive serial of 128 bits that is never the same', async () => {
    const serials = new Set<string>();
    for (let i = 0; i < 50; i++) {
      const { certificate } = await createRoot({ commonName: 'R', days: 1, at: AT });
      const { serialNumber } = parseCertificate(certificate);
      expect(serialNumber).toHaveLength(16);
      expect(serialNumber[0]).toBeGreaterThanOrEqual(0x40);
      expect(serialNumber[0]).toBeLessThan(0x80);
      serials.add(toHex(serialNumber));
    }
    expect(serials.size).toBe(50);
  });

  it.each(['x, O=Evil', 'a+OU=b', '"quoted"', '#0c0141', 'a\\0ab', 'Größe €'])(
    'takes the name %s as one common name',
    async (commonName) => {
      const { certificate } = await createRoot({ commonName, days: 1, at: AT });
      expect(parseCertificate(certificate).subject.raw).toEqual(encodeName({ commonName }));
    },
  );

  it.each([
    ['an empty name', { commonName: ' ' }, 'ERR_CA_NAME_INVALID'],
    ['a name over 64 characters', { commonName: 'x'.repeat(65) }, 'ERR_CA_NAME_INVALID'],
    ['no days', { days: 0 }, 'ERR_CA_VALIDITY'],
    ['part of a day', { days: 1.5 }, 'ERR_CA_VALIDITY'],
    ['more than 25 years', { days: 9132 }, 'ERR_CA_VALIDITY'],
  ])('is refused with %s', async (_, parts, code) => {
    await expect(createRoot({ commonName: 'R', days: 1, at: AT, ...parts })).rejects.toThrow(
      refusal(code),
    );
  });

  it('is made at the bounds', async () => {
    const made = await createRoot({ commonName: 'x'.repeat(64), days: 9131, at: AT });
    expect(parseCertificate(made.certificate).notAfter.getUTCFullYear()).toBe(2051);
  });
});

const options: IntermediaryOptions = {
  root,
  commonName: 'Test prod1',
  permittedDomains: ['prod1.example.com'],
  days: 365,
  at: AT,
};

describe('a new intermediary', () => {
  it('may sign leaves alone, for its domains alone', () => {
    const read = parseCertificate(intermediary.certificate);
    expect(read.basicConstraints).toEqual({ ca: true, pathLength: 0 });
    expect(read.keyUsage).toEqual(new Set(['keyCertSign', 'cRLSign']));
    expect(read.extensions.get('2.5.29.30')?.critical).toBe(true);
    expect(read.nameConstraints?.permitted).toEqual({
      dns: ['prod1.example.com', 'legacy.example.net'],
      ip: [],
      others: 0,
    });
    expect(
      new X509Certificate(intermediary.certificate).checkPrivateKey(intermediary.privateKey),
    ).toBe(true);
  });

  it('is signed by the root and names it', () => {
    const [top, read] = [root, intermediary].map(({ certificate }) =>
      parseCertificate(certificate),
    );
    expect(read!.issuer.raw).toEqual(top!.subject.raw);
    expect(read!.authorityKeyId).toEqual(top!.subjectKeyId);
    expect(read!.subjectKeyId).not.toEqual(top!.subjectKeyId);
    const { publicKey } = new X509Certificate(root.certificate);
    expect(new X509Certificate(intermediary.certificate).verify(publicKey)).toBe(true);
  });

  it('names no key of a root that has no identifier for its own', async () => {
    const bare = forge({ subject: 'Bare', notAfter: new Date(AT.getTime() + 400 * DAY_MS) });
    const read = parseCertificate(
      (await createIntermediary({ ...options, root: bare })).certificate,
    );
    expect(read.authorityKeyId).toBeUndefined();
    expect(read.issuer.text).toBe('CN=Bare');
  });

  it('excludes every address when none is permitted, since addresses would be unlimited otherwise', () => {
    const read = parseCertificate(intermediary.certificate);
    expect(read.nameConstraints?.excluded.ip.map(toHex)).toEqual(['00'.repeat(8), '00'.repeat(32)]);
  });

  it('permits addresses and ranges, and excludes nothing then', async () => {
    const permittedIps = ['192.0.2.7', '10.0.0.0/8', '2001:db8::/33', '::ffff:192.0.2.1'];
    const made = await createIntermediary({ ...options, permittedIps });
    const { permitted, excluded } = parseCertificate(made.certificate).nameConstraints!;
    expect(permitted.ip.map(toHex)).toEqual([
      'c0000207ffffffff',
      '0a000000ff000000',
      `20010db8${'00'.repeat(12)}ffffffff80${'00'.repeat(11)}`,
      `${'00'.repeat(10)}ffffc0000201${'ff'.repeat(16)}`,
    ]);
    expect(excluded).toEqual({ dns: [], ip: [], others: 0 });
  });

  it.each([
    ['an empty name', { commonName: ' ' }, 'ERR_CA_NAME_INVALID'],
    ['a name over 64 characters', { commonName: 'x'.repeat(65) }, 'ERR_CA_NAME_INVALID'],
    ['no domain', { permittedDomains: [] }, 'ERR_CA_NAME_INVALID'],
    ['a wildcard', { permittedDomains: ['*.example.com'] }, 'ERR_CA_NAME_INVALID'],
    ['a leading dot', { permittedDomains: ['.example.com'] }, 'ERR_CA_NAME_INVALID'],
    ['capitals', { permittedDomains: ['Example.com'] }, 'ERR_CA_NAME_INVALID'],
    ['an address as domain', { permittedDomains: ['192.0.2.1'] }, 'ERR_CA_NAME_INVALID'],
    ['a label over 63', { permittedDomains: [`${'a'.repeat(64)}.com`] }, 'ERR_CA_NAME_INVALID'],
    ['a name over 253', { permittedDomains: [`${'a.'.repeat(126)}com`] }, 'ERR_CA_NAME_INVALID'],
    ['a name as address', { permittedIps: ['example.com'] }, 'ERR_CA_NAME_INVALID'],
    ['host bits in a range', { permittedIps: ['10.0.0.1/8'] }, 'ERR_CA_NAME_INVALID'],
    ['a prefix that is too long', { permittedIps: ['10.0.0.0/33'] }, 'ERR_CA_NAME_INVALID'],
    ['a prefix that is no number', { permittedIps: ['10.0.0.0/0x8'] }, 'ERR_CA_NAME_INVALID'],
    ['two prefixes', { permittedIps: ['10.0.0.0/8/8'] }, 'ERR_CA_NAME_INVALID'],
    ['a zone', { permittedIps: ['fe80::1%eth0'] }, 'ERR_CA_NAME_INVALID'],
    ['more than 5 years', { days: 1827 }, 'ERR_CA_VALIDITY'],
    ['an end after its root', { at: new Date(AT.getTime() + 3300 * DAY_MS) }, 'ERR_CA_VALIDITY'],
    ['an expired root', { at: new Date(AT.getTime() + 3651 * DAY_MS) }, 'ERR_CA_EXPIRED'],
    ['an intermediary as its root', { root: intermediary }, 'ERR_CA_PATH_LENGTH'],
    [
      "another root's key",
      { root: { ...root, privateKey: intermediary.privateKey } },
      'ERR_CA_KEY_MISMATCH',
    ],
    ['no CA as its root', { root: forge({ subject: 'x', ca: false }) }, 'ERR_CA_NOT_A_CA'],
  ])('is refused with %s', async (_, parts, code) => {
    await expect(createIntermediary({ ...options, ...parts })).rejects.toThrow(refusal(code));
  });

  it('is made at the bounds: 253 characters, 63 in a label, up to the last second of the root', async () => {
    const label = 'a'.repeat(63);
    const permittedDomains = [[label, label, label, 'a'.repeat(61)].join('.')];
    const at = new Date(AT.getTime() + 3285 * DAY_MS);
    expect(permittedDomains[0]).toHaveLength(253);
    const made = await createIntermediary({ ...options, permittedDomains, at });
    expect(parseCertificate(made.certificate).notAfter).toEqual(
      parseCertificate(root.certificate).notAfter,
    );
  });
});
