// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  crlDistributionPointsExtension,
  crlNumberExtension,
  encodeName,
  equalBytes,
  extKeyUsageExtension,
  fromHex,
  KEY_PURPOSE,
  keyUsageExtension,
  MAX_NAME_PART,
  nameConstraintsExtension,
  OID,
  parseCertificate,
  parseName,
  subjectAltNameExtension,
  subjectKeyIdExtension,
  toHex,
} from '@proofgate/evidence';
import { certificate, ecKey, testKey } from './certificates.ts';
import { refusal, refusalError } from './refusal.ts';

const MISUSE = 'ERR_X509_WRITE';

describe('a leaf', () => {
  const der = certificate({
    serialNumber: fromHex('00ff01'),
    extensions: [
      { oid: OID.tdxQuote, critical: false, value: Uint8Array.of(4, 0) },
      keyUsageExtension(['digitalSignature']),
      extKeyUsageExtension([KEY_PURPOSE.serverAuth, KEY_PURPOSE.clientAuth]),
      basicConstraintsExtension({ ca: false }),
      subjectAltNameExtension({
        dns: ['hello.demo.localhost'],
        ip: [fromHex('7f000001'), fromHex(`${'00'.repeat(15)}01`)],
      }),
      authorityKeyIdExtension(fromHex('a1b2')),
      { oid: OID.workloadsHash, critical: false, value: new Uint8Array(32) },
    ],
  });

  it('reads as it was written', () => {
    const leaf = parseCertificate(der);
    expect(toHex(leaf.serialNumber)).toBe('00ff01');
    expect(leaf.subject.commonName).toBe('hello.demo.localhost');
    expect(leaf.issuer.text).toBe('CN=Test CA,O=Proofgate,C=CH');
    expect(leaf.notBefore.toISOString()).toBe('2026-07-21T09:30:00.000Z');
    expect(leaf.keyUsage).toEqual(new Set(['digitalSignature']));
    expect(leaf.extKeyUsage).toEqual([KEY_PURPOSE.serverAuth, KEY_PURPOSE.clientAuth]);
    expect(leaf.basicConstraints).toEqual({ ca: false });
    expect(leaf.subjectAltName?.dns).toEqual(['hello.demo.localhost']);
    expect(leaf.subjectAltName?.ip.map(toHex)).toEqual(['7f000001', `${'00'.repeat(15)}01`]);
    expect(leaf.authorityKeyId).toEqual(fromHex('a1b2'));
    expect(equalBytes(leaf.spki, testKey.spki)).toBe(true);
  });

  it('keeps the order of its extensions, and no DER around their values', () => {
    const leaf = parseCertificate(der);
    expect([...leaf.extensions.keys()].at(0)).toBe(OID.tdxQuote);
    expect([...leaf.extensions.keys()].at(-1)).toBe(OID.workloadsHash);
    // OID, then an OCTET STRING of 32 bytes, then those bytes: RA-TLS v1 clients scan for this.
    expect(toHex(der)).toContain(`060a2b0601040183fd4e02050420${'00'.repeat(32)}`);
    expect(leaf.extensions.get(OID.tdxQuote)?.critical).toBe(false);
  });

  it('reads the same in OpenSSL', () => {
    const theirs = new X509Certificate(der);
    expect(theirs.serialNumber).toBe('FF01');
    expect(theirs.subjectAltName).toBe(
      'DNS:hello.demo.localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    expect(theirs.checkHost('hello.demo.localhost')).toBe('hello.demo.localhost');
    expect(theirs.ca).toBe(false);
  });
});

describe('a CA', () => {
  const key = ecKey('P-384');
  const der = certificate(
    {
      signatureAlgorithm: 'ecdsa-sha384',
      notAfter: new Date('2051-01-01T00:00:00Z'),
      extensions: [
        basicConstraintsExtension({ ca: true, pathLength: 0 }),
        keyUsageExtension(['keyCertSign', 'cRLSign']),
        subjectKeyIdExtension(fromHex('c0ffee')),
        nameConstraintsExtension({
          permitted: { dns: ['example.com'], ip: [fromHex('0a000000ff000000')] },
          excluded: { dns: ['secret.example.com'] },
        }),
        crlDistributionPointsExtension(['http://crl.example.com/a.crl']),
      ],
    },
    key,
  );

  it('reads as it was written', () => {
    const ca = parseCertificate(der);
    expect(ca.signatureAlgorithm).toBe('1.2.840.10045.4.3.3');
    expect(ca.publicKey.algorithm).toBe('ec-p384');
    expect(ca.notAfter.getUTCFullYear()).toBe(2051);
    expect(ca.basicConstraints).toEqual({ ca: true, pathLength: 0 });
    expect(ca.keyUsage).toEqual(new Set(['keyCertSign', 'cRLSign']));
    expect(ca.subjectKeyId).toEqual(fromHex('c0ffee'));
    expect(ca.nameConstraints?.permitted.dns).toEqual(['example.com']);
    expect(ca.nameConstraints?.permitted.ip.map(toHex)).toEqual(['0a000000ff000000']);
    expect(ca.nameConstraints?.excluded.dns).toEqual(['secret.example.com']);
    const critical = [...ca.extensions].filter(([, extension]) => extension.critical);
    expect(critical.map(([oid]) => oid)).toEqual(['2.5.29.19', '2.5.29.15', '2.5.29.30']);
  });

  it('carries a signature that verifies over exactly the signed part', () => {
    const ca = parseCertificate(der);
    const publicKey = createPublicKey({ key: Buffer.from(ca.spki), format: 'der', type: 'spki' });
    expect(verify('sha384', ca.tbs, publicKey, ca.signature)).toBe(true);
    expect(new X509Certificate(der).verify(publicKey)).toBe(true);
  });

  it('names its CRL as RFC 5280 writes it', () => {
    const url = Buffer.from('http://crl.example.com/a.crl').toString('hex');
    // DistributionPoint { [0] distributionPoint { [0] fullName { [6] URL } } }
    const value = parseCertificate(der).extensions.get('2.5.29.31')?.value;
    expect(toHex(value!)).toBe(`30243022a020a01e861c${url}`);
  });
});

describe('the writer refuses', () => {
  it.each<[string, () => unknown]>([
    ['serial zero', () => certificate({ serialNumber: Uint8Array.of(0) })],
    ['an empty serial', () => certificate({ serialNumber: new Uint8Array() })],
    ['a serial of 21 octets', () => certificate({ serialNumber: new Uint8Array(21).fill(1) })],
    [
      '20 octets that need a sign',
      () => certificate({ serialNumber: new Uint8Array(20).fill(0x80) }),
    ],
    [
      'an extension twice',
      () =>
        certificate({
          extensions: [
            basicConstraintsExtension({ ca: true }),
            basicConstraintsExtension({ ca: false }),
          ],
        }),
    ],
    ['a path below a leaf', () => basicConstraintsExtension({ ca: false, pathLength: 0 })],
    ['no key usage', () => keyUsageExtension([])],
    ['no purpose', () => extKeyUsageExtension([])],
    ['no alternative name', () => subjectAltNameExtension({})],
    ['an address of 5 bytes', () => subjectAltNameExtension({ ip: [new Uint8Array(5)] })],
    ['a name with a NUL', () => subjectAltNameExtension({ dns: ['a\0b'] })],
    ['an empty name', () => subjectAltNameExtension({ dns: [''] })],
    ['no constraint', () => nameConstraintsExtension({ permitted: {}, excluded: {} })],
    [
      'a constraint without mask',
      () => nameConstraintsExtension({ permitted: { ip: [new Uint8Array(4)] } }),
    ],
    ['a negative crlNumber', () => crlNumberExtension(-1n)],
    ['no CRL', () => crlDistributionPointsExtension([])],
    ['a long common name', () => encodeName({ commonName: 'a'.repeat(MAX_NAME_PART + 1) })],
    ['an empty common name', () => encodeName({ commonName: '' })],
    ['a country of three letters', () => encodeName({ commonName: 'a', country: 'CHE' })],
  ])('%s', (_, write) => {
    expect(refusal(write)).toBe(MISUSE);
  });

  it('parts of names, and says how long they may be', () => {
    const expected = (parts: Parameters<typeof encodeName>[0]): string | undefined =>
      refusalError(() => encodeName(parts))?.expected;
    expect(expected({ country: 'CHE', commonName: 'a' })).toBe('2 letters');
    expect(expected({ commonName: '' })).toBe(`1 to ${MAX_NAME_PART} characters`);
  });

  it('a serial number, and says what is wrong with it', () => {
    const seen = (serialNumber: Uint8Array): string | undefined =>
      refusalError(() => certificate({ serialNumber }))?.seen;
    expect(seen(new Uint8Array(3))).toBe('zero');
    expect(seen(new Uint8Array(20).fill(0x80))).toBe('21 octets');
  });

  it('but not their neighbours', () => {
    const accepted = [
      () => certificate({ serialNumber: new Uint8Array(20).fill(1) }),
      () => certificate({ serialNumber: new Uint8Array(19).fill(0x80) }),
      () => crlNumberExtension(0n),
      () => encodeName({ commonName: 'a'.repeat(MAX_NAME_PART), country: 'CH' }),
      () => nameConstraintsExtension({ permitted: { ip: [new Uint8Array(32)] } }),
    ];
    for (const write of accepted) expect(refusal(write)).toBe('accepted');
  });
});

it('a name keeps every part', () => {
  const raw = encodeName({
    commonName: 'n',
    organizationalUnit: 'u',
    organization: 'o',
    locality: 'l',
    state: 's',
    country: 'CH',
  });
  expect(parseName(raw)).toMatchObject({ text: 'CN=n,OU=u,O=o,L=l,ST=s,C=CH', commonName: 'n' });
});
