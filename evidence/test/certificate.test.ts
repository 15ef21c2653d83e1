// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  assembleSigned,
  basicConstraintsExtension,
  derBitString,
  derBoolean,
  derContext,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derTime,
  encodeName,
  encodeTbsCertificate,
  equalBytes,
  MAX_CERTIFICATE_BYTES,
  parseAuthorityCertificate,
  parseCertificate,
  subjectAltNameExtension,
  toHex,
} from '@proofgate/evidence';
import { certificate, ecKey, testKey } from './certificates.ts';
import { refusal } from './refusal.ts';

const INVALID = 'ERR_CERT_INVALID';
const ecdsaSha256 = derSequence(derOid('1.2.840.10045.4.3.2'));
const ecdsaSha384 = derSequence(derOid('1.2.840.10045.4.3.3'));
const name = encodeName({ commonName: 'a' });
const time = derTime(new Date('2026-07-21T09:30:00Z'));

/** A certificate out of elements, so that one of them can be wrong. */
function handMade(overrides: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  const parts = {
    version: derContext(0, true, derInteger(2n)),
    serial: derInteger(1n),
    inner: ecdsaSha256,
    issuer: name,
    validity: derSequence(time, time),
    subject: name,
    spki: testKey.spki,
    more: new Uint8Array(),
    outer: ecdsaSha256,
    signature: derBitString(Uint8Array.of(1)),
    ...overrides,
  };
  const { outer, signature, ...inside } = parts;
  return derSequence(derSequence(...Object.values(inside)), outer, signature);
}

describe('certificate', () => {
  it('accepts the form that the refusals below change', () => {
    const parsed = parseCertificate(handMade());
    expect(parsed.version).toBe(3);
    expect(toHex(parsed.serialNumber)).toBe('01');
    expect(parsed.signatureAlgorithm).toBe('1.2.840.10045.4.3.2');
    expect(parsed.extensions.size).toBe(0);
    expect(equalBytes(parsed.spki, testKey.spki)).toBe(true);
  });

  it('is read alike as an authority’s, but for names, purposes and other keys', () => {
    const parsed = parseAuthorityCertificate(handMade());
    const { publicKey, ...rest } = parseCertificate(handMade());
    expect(parsed).toEqual({ publicKey, ...rest });
    const extensions = [
      subjectAltNameExtension({ dns: ['a.test'] }),
      basicConstraintsExtension({ ca: true, pathLength: 0 }),
    ];
    const named = certificate({ extensions });
    expect(parseCertificate(named).subjectAltName).toBeDefined();
    const authority = parseAuthorityCertificate(named);
    expect(authority).not.toHaveProperty('subjectAltName');
    expect(authority.basicConstraints).toEqual({ ca: true, pathLength: 0 });
    expect([...authority.extensions.keys()]).toEqual(['2.5.29.17', '2.5.29.19']);
    const { spki } = ecKey('P-384');
    expect(parseCertificate(handMade({ spki })).publicKey.algorithm).toBe('ec-p384');
    expect(parseAuthorityCertificate(handMade({ spki })).publicKey.algorithm).toBe('unknown');
  });

  const extension = derSequence(derOid('1.2.3'), derOctetString(new Uint8Array()));
  const extensions = (...list: Uint8Array[]): Uint8Array =>
    derContext(3, true, derSequence(...list));

  it.each<[string, Record<string, Uint8Array>, string]>([
    ['version 1', { version: new Uint8Array() }, INVALID],
    ['version 2', { version: derContext(0, true, derInteger(1n)) }, INVALID],
    ['version 4', { version: derContext(0, true, derInteger(3n)) }, INVALID],
    ['a negative serial', { serial: derInteger(-1n) }, 'ERR_CERT_SERIAL'],
    ['the negative serial 80', { serial: derInteger(-128n) }, 'ERR_CERT_SERIAL'],
    ['a long serial', { serial: derInteger(1n << 168n) }, 'ERR_CERT_SERIAL'],
    ['another algorithm outside', { outer: ecdsaSha384 }, INVALID],
    [
      'another parameter outside',
      { outer: derSequence(derOid('1.2.840.10045.4.3.2'), derNull()) },
      INVALID,
    ],
    ['unique identifiers', { more: derContext(1, false, Uint8Array.of(0, 1)) }, INVALID],
    ['an empty list of extensions', { more: extensions() }, INVALID],
    [
      'an extension twice',
      { more: extensions(extension, extension) },
      'ERR_CERT_DUPLICATE_EXTENSION',
    ],
    [
      'critical FALSE spelt out',
      { more: extensions(derSequence(derOid('1.2.3'), derBoolean(false), derOctetString(name))) },
      INVALID,
    ],
    ['a signature that is no BIT STRING', { signature: derOctetString(name) }, INVALID],
    ['one date', { validity: derSequence(time) }, INVALID],
    ['three dates', { validity: derSequence(time, time, time) }, INVALID],
  ])('refuses %s', (_, overrides, code) => {
    expect(refusal(() => parseCertificate(handMade(overrides)))).toBe(code);
  });

  it('accepts the neighbours of those', () => {
    const accepted = [
      { serial: derInteger(0n) },
      { serial: derInteger((1n << 160n) - 1n) },
      { inner: ecdsaSha384, outer: ecdsaSha384 },
      { more: extensions(extension) },
      { more: extensions(derSequence(derOid('1.2.3'), derBoolean(true), derOctetString(name))) },
    ];
    for (const overrides of accepted) {
      expect(refusal(() => parseCertificate(handMade(overrides)))).toBe('accepted');
    }
  });

  it('refuses trailing bytes and any missing end', () => {
    const der = certificate();
    expect(refusal(() => parseCertificate(Uint8Array.of(...der, 0)))).toBe(INVALID);
    expect(refusal(() => parseCertificate(der.subarray(0, -1)))).toBe(INVALID);
    expect(refusal(() => parseCertificate(new Uint8Array()))).toBe(INVALID);
    expect(refusal(() => parseCertificate(der))).toBe('accepted');
  });

  it('has a size limit', () => {
    const padded = (size: number): Uint8Array =>
      certificate({ extensions: [{ oid: '1.2.3', critical: false, value: new Uint8Array(size) }] });
    // ECDSA signatures vary by a few bytes, so stay clear of the limit on both sides.
    const overhead = padded(60_000).length - 60_000;
    const fits = MAX_CERTIFICATE_BYTES - overhead - 16;
    expect(refusal(() => parseCertificate(padded(fits)))).toBe('accepted');
    expect(refusal(() => parseCertificate(padded(fits + 32)))).toBe('ERR_CERT_TOO_LARGE');
  });

  it('hands out copies', () => {
    const der = certificate();
    const before = toHex(der);
    const parsed = parseCertificate(der);
    der.fill(0);
    parsed.spki.fill(0);
    parsed.issuer.raw.fill(0);
    parsed.tbs.fill(0);
    expect(toHex(parsed.raw)).toBe(before);
  });
});

it('a certificate that was written but not signed does not parse', () => {
  const tbs = encodeTbsCertificate({
    serialNumber: Uint8Array.of(1),
    signatureAlgorithm: 'ecdsa-sha256',
    issuer: name,
    subject: name,
    notBefore: new Date(0),
    notAfter: new Date(0),
    spki: testKey.spki,
    extensions: [],
  });
  expect(refusal(() => parseCertificate(tbs))).toBe(INVALID);
  expect(refusal(() => parseCertificate(assembleSigned(tbs, 'ecdsa-sha384', name)))).toBe(INVALID);
  expect(refusal(() => parseCertificate(assembleSigned(tbs, 'ecdsa-sha256', name)))).toBe(
    'accepted',
  );
});
