// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import {
  derContext,
  derSequence,
  parseCertificate,
  subjectAltNameExtension,
  utf8,
  type CertificateExtension,
  nameConstraintsExtension,
  basicConstraintsExtension,
} from '@proofgate/evidence';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dnsNameMatches, isWithinDomain, normalizeDnsName } from '../src/x509/dns-name.ts';
import { checkHostname } from '../src/x509/hostname.ts';
import { parseIpAddress } from '../src/x509/ip-address.ts';
import { checkNameConstraints } from '../src/x509/name-constraints.ts';
import { caExtensions, issue } from './private-pki.ts';
import { refusal } from './refusal.ts';

const certificateWith = (...extensions: CertificateExtension[]) =>
  parseCertificate(issue({ commonName: 'x', extensions }).certificate);

describe('DNS names', () => {
  it.each([
    ['Example.COM.', 'example.com'],
    ['_service.example', '_service.example'],
    ['a'.repeat(63), 'a'.repeat(63)],
    ['a'.repeat(64), undefined],
    ['', undefined],
    ['.', undefined],
    ['a..b', undefined],
    ['-a.example', undefined],
    ['a-.example', undefined],
    ['bücher.example', undefined],
    [`${'a.'.repeat(126)}a`, `${'a.'.repeat(126)}a`],
    [`${'a.'.repeat(126)}aa`, undefined],
  ])('%s is compared as %s', (name, expected) => {
    expect(normalizeDnsName(name)).toBe(expected);
  });

  it.each([
    ['*.example.com', 'a.example.com', true],
    ['*.example.com', '.example.com', false],
    ['*.bad!.com', 'a.bad!.com', false],
    ['*.com', 'a.com', false],
    ['', '', false],
  ])('%s matches %s: %s', (pattern, hostname, expected) => {
    expect(dnsNameMatches(pattern, hostname)).toBe(expected);
  });

  it.each([
    ['example.com', true],
    ['a.example.com', true],
    ['aexample.com', false],
    ['example.com.evil', false],
  ])('%s lies within example.com: %s', (name, expected) => {
    expect(isWithinDomain(name, 'example.com')).toBe(expected);
  });
});

/** Bytes of an address, by its version. */
const LENGTHS: Readonly<Record<number, number>> = { 4: 4, 6: 16 };

describe('IP addresses', () => {
  const zeros = (count: number): number[] => new Array<number>(count).fill(0);

  it.each<[string, readonly number[] | undefined]>([
    ['255.255.255.255', [255, 255, 255, 255]],
    ['256.0.0.1', undefined],
    ['1.2.3', undefined],
    ['1.2.3.4.5', undefined],
    ['1.2.3.x', undefined],
    ['::', zeros(16)],
    ['1::', [0, 1, ...zeros(14)]],
    ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['1:2:3:4:5:6:7:8::', undefined],
    ['1:2:3:4::5:6:7:8', undefined],
    ['1:2:3:4:5:6:7', undefined],
    ['::12345', undefined],
    ['::g', undefined],
    ['g::', undefined],
    ['::1:2::', undefined],
    ['::1.2.3.4:5', undefined],
    ['::1.2.3.456', undefined],
    ['::1.2.3.4', [...zeros(12), 1, 2, 3, 4]],
    ['1.2.3.4::', undefined],
    ['1.2.3.4::1', undefined],
    ['1::1.2.3.4', [0, 1, ...zeros(10), 1, 2, 3, 4]],
    ['1:2:3:4:5:6:1.2.3.4', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 1, 2, 3, 4]],
    ['1:2:3:4:5:6:7:1.2.3.4', undefined],
    ['[::1', undefined],
    ['::1]', undefined],
    ['[1.2.3.4]', [1, 2, 3, 4]],
    ['localhost', undefined],
  ])('%s is %j', (text, bytes) => {
    expect(parseIpAddress(text)).toEqual(bytes === undefined ? undefined : Uint8Array.from(bytes));
  });

  it('are those that Node takes for addresses', () => {
    const parts = fc.constantFrom('::', ':', '.', '1', '0', '255', '256', 'ffff', '1.2.3.4', 'g');
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 12 }), (chosen) => {
        const text = chosen.join('');
        expect([text, parseIpAddress(text)?.length]).toEqual([text, LENGTHS[isIP(text)]]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the host of a certificate', () => {
  const check = async (hostname: string, ...extensions: CertificateExtension[]) =>
    refusal(() => {
      checkHostname(certificateWith(...extensions), hostname);
    });

  it('is among its alternative names of the right kind', async () => {
    const dns = subjectAltNameExtension({ dns: ['10.0.0.1', 'a.example'] });
    expect(await check('a.example', dns)).toBe('accepted');
    expect(await check('10.0.0.1', dns)).toBe('ERR_CERT_HOSTNAME');
    expect(await check('a.example')).toBe('ERR_CERT_HOSTNAME');
    expect(await check('10.0.0.1')).toBe('ERR_CERT_HOSTNAME');
    expect(await check('no name!', dns)).toBe('ERR_CERT_HOSTNAME');
    const ip = subjectAltNameExtension({ ip: [Uint8Array.of(10, 0, 0, 1)] });
    expect(await check('10.0.0.1', ip)).toBe('accepted');
    expect(await check('a.example', ip)).toBe('ERR_CERT_HOSTNAME');
  });

  it('is refused with the names that there are', () => {
    const ip = [
      Uint8Array.of(10, 0, 0, 1),
      Uint8Array.of(0x20, 1, ...new Array<number>(13).fill(0), 5),
    ];
    const named = certificateWith(subjectAltNameExtension({ dns: ['a.example'], ip }));
    const seen = 'a.example, 10.0.0.1, 2001:0:0:0:0:0:0:5';
    expect(() => {
      checkHostname(named, 'b.example');
    }).toThrow(expect.objectContaining({ seen }));
    expect(() => {
      checkHostname(certificateWith(), 'b.example');
    }).toThrow(expect.objectContaining({ seen: 'no names' }));
  });
});

describe('name constraints', () => {
  const check = async (constraints: CertificateExtension, ...names: CertificateExtension[]) =>
    refusal(() => {
      const authority = certificateWith(...caExtensions(0), constraints);
      checkNameConstraints(certificateWith(...names), authority, 'the leaf');
    });
  const REFUSED = 'ERR_CERT_NAME_CONSTRAINT';
  /** Name constraints with one name; permitted subtrees have tag 0, excluded ones tag 1. */
  const subtree = (tag: 0 | 1, generalName: Uint8Array): CertificateExtension => ({
    oid: '2.5.29.30',
    critical: true,
    value: derSequence(derContext(tag, true, derSequence(generalName))),
  });
  // rfc822Name and dNSName are context tags 1 and 2 of GeneralName.
  const mail = derContext(1, false, utf8('example.com'));
  const anyDns = derContext(2, false, new Uint8Array());
  const name = (dns: string) => subjectAltNameExtension({ dns: [dns] });

  it('of other kinds are refused, permitted or excluded', async () => {
    expect(await check(nameConstraintsExtension({ permitted: { dns: ['a.b'] } }))).toBe('accepted');
    expect(await check(subtree(0, mail))).toBe(REFUSED);
    expect(await check(subtree(1, mail))).toBe(REFUSED);
    const none = certificateWith(basicConstraintsExtension({ ca: true }));
    expect(
      await refusal(() => {
        checkNameConstraints(certificateWith(name('a.b')), none, 'the leaf');
      }),
    ).toBe('accepted');
  });

  it('that are empty cover every name', async () => {
    expect(await check(subtree(0, anyDns), name('a.example'))).toBe('accepted');
    expect(await check(subtree(1, anyDns), name('a.example'))).toBe(REFUSED);
  });

  it('cover addresses by mask', async () => {
    const range = nameConstraintsExtension({
      permitted: { ip: [Uint8Array.of(10, 1, 0, 0, 255, 255, 0, 0)] },
    });
    const at = (...bytes: number[]) => subjectAltNameExtension({ ip: [Uint8Array.from(bytes)] });
    expect(await check(range, at(10, 1, 255, 3))).toBe('accepted');
    expect(await check(range, at(10, 2, 0, 3))).toBe(REFUSED);
    expect(await check(range, at(9, 1, 0, 3))).toBe(REFUSED);
    expect(await check(range, name('a.example'))).toBe('accepted');
  });

  it('cover addresses by any range', async () => {
    const ranges = nameConstraintsExtension({
      permitted: {
        ip: [
          Uint8Array.of(10, 1, 0, 0, 255, 255, 0, 0),
          Uint8Array.of(10, 2, 0, 0, 255, 255, 0, 0),
        ],
      },
    });
    const at = (...bytes: number[]) => subjectAltNameExtension({ ip: [Uint8Array.from(bytes)] });
    expect(await check(ranges, at(10, 1, 0, 1))).toBe('accepted');
    expect(await check(ranges, at(10, 2, 0, 1))).toBe('accepted');
    expect(await check(ranges, at(10, 3, 0, 1))).toBe(REFUSED);
  });

  it('exclude what is below them, and a wildcard that could be it', async () => {
    const excluded = nameConstraintsExtension({ excluded: { dns: ['app.example.com'] } });
    expect(await check(excluded, name('example.com'))).toBe('accepted');
    expect(await check(excluded, name('*.example.com'))).toBe(REFUSED);
    expect(await check(excluded, name('a.app.example.com'))).toBe(REFUSED);
  });

  it('cover every name of a certificate', async () => {
    const range = nameConstraintsExtension({ permitted: { dns: ['a.example', 'b.example'] } });
    const both = (second: string) => subjectAltNameExtension({ dns: ['a.example', second] });
    expect(await check(range, both('b.example'))).toBe('accepted');
    expect(await check(range, both('c.example'))).toBe(REFUSED);
    expect(await check(range, name('*.a.example'))).toBe('accepted');
    expect(await check(range, name('*.example'))).toBe(REFUSED);
  });
});
