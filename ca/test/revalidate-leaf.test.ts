// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  derContext,
  derSequence,
  encodeName,
  keyUsageExtension,
  parseCertificate,
  subjectAltNameExtension as names,
  subjectKeyIdExtension,
} from '@proofgate/evidence';
import { openAuthority } from '../src/issuer/authority.ts';
import { certificatePem } from '../src/certificates/certificate-pem.ts';
import { signCertificate, type UnsignedCertificate } from '../src/leaves/sign-certificate.ts';
import { authorizeLeaf } from '../src/leaves/authorize-leaf.ts';
import { leafTemplate } from '../src/leaves/leaf-template.ts';
import { revalidateLeaf } from '../src/leaves/revalidate-leaf.ts';
import { ARC, AT, intermediary, leafRequest, MINUTE, refusal, root } from './pki.ts';

const authority = openAuthority(
  [parseCertificate(intermediary.certificate)],
  intermediary.privateKey,
  AT,
  0,
);
const request = leafRequest();

/** The template of a right leaf. */
const right = (): UnsignedCertificate => leafTemplate(authorizeLeaf(request, authority), authority);

/** The same with the extensions passed through a change. */
function extensions(
  change: (all: UnsignedCertificate['extensions']) => UnsignedCertificate['extensions'],
): UnsignedCertificate {
  const template = right();
  return { ...template, extensions: change(template.extensions) };
}

const replaced = (...parts: UnsignedCertificate['extensions']): UnsignedCertificate =>
  extensions((all) => all.map((one) => parts.find(({ oid }) => oid === one.oid) ?? one));

const recast = (oid: string): UnsignedCertificate =>
  extensions((all) =>
    all.map((one) => (one.oid === oid ? { ...one, critical: !one.critical } : one)),
  );

/** The right names, and a place beside them. */
function withUri(): ReturnType<typeof names> {
  const right = names({ dns: request.names });
  const uri = derContext(6, false, Buffer.from('https://elsewhere.example.com/'));
  return { ...right, value: derSequence(right.value.subarray(2), uri) };
}

function check(
  template: UnsignedCertificate,
  key = intermediary.privateKey,
  pem?: string,
): unknown {
  const der = signCertificate(template, key, authority.scheme);
  return revalidateLeaf(der, pem ?? certificatePem(der), request, authority);
}

describe('reading a finished leaf back', () => {
  it('finds nothing wrong with a right one', () => {
    expect(check(right())).toMatchObject({ version: 3 });
  });

  it('refuses the signature of another CA', () => {
    expect(() => check(right(), root.privateKey)).toThrow('another signature');
  });

  it('refuses a signature by another algorithm', () => {
    const scheme = { ...authority.scheme, signatureOid: '1.2.840.10045.4.3.3' };
    const der = signCertificate(right(), intermediary.privateKey, authority.scheme);
    const read = (): unknown =>
      revalidateLeaf(der, certificatePem(der), request, { ...authority, scheme });
    expect(read).toThrow('another signature algorithm');
  });

  it.each([
    ['something in front of it', (text: string) => `x\n${text}`],
    ['something behind it', (text: string) => `${text}x`],
    ['signs that are not base64', (text: string) => text.replace('\n', '\n*')],
  ])('refuses PEM with %s', (_, change) => {
    const der = signCertificate(right(), intermediary.privateKey, authority.scheme);
    const read = (): unknown =>
      revalidateLeaf(der, change(certificatePem(der)), request, authority);
    expect(read).toThrow('another PEM');
  });

  it('refuses PEM of another certificate', () => {
    const other = certificatePem(
      signCertificate(right(), intermediary.privateKey, authority.scheme),
    );
    expect(() => check(right(), intermediary.privateKey, other)).toThrow('another PEM');
  });

  it.each<[string, UnsignedCertificate]>([
    ['issuer', { ...right(), issuer: encodeName({ commonName: 'Test prod2' }) }],
    ['subject', { ...right(), subject: encodeName({ commonName: 'b.prod1.example.com' }) }],
    ['subject', { ...right(), subject: derSequence() }],
    ['serial number', { ...right(), serialNumber: new Uint8Array(20).fill(0xff, 1) }],
    ['notAfter', { ...right(), notAfter: new Date(MINUTE.getTime() + 86_401_000) }],
    ['lifetime', { ...right(), notAfter: new Date(MINUTE.getTime() + 299_000) }],
    ['basicConstraints', replaced(basicConstraintsExtension({ ca: true }))],
    ['basicConstraints', recast('2.5.29.19')],
    ['keyUsage', replaced(keyUsageExtension(['digitalSignature', 'keyAgreement']))],
    ['keyUsage', recast('2.5.29.15')],
    ['extKeyUsage', recast('2.5.29.37')],
    ['subject', recast('2.5.29.17')],
    ['subjectAltName', replaced(names({ dns: ['other.prod1.example.com'] }))],
    ['subjectAltName', replaced(names({ dns: [...request.names, 'b.prod1.example.com'] }))],
    ['subjectAltName', replaced(names({ dns: request.names, ip: [Uint8Array.of(127, 0, 0, 1)] }))],
    ['subjectAltName', replaced(withUri())],
    ['authorityKeyIdentifier', replaced(authorityKeyIdExtension(Uint8Array.of(1)))],
    [
      'subjectKeyIdentifier',
      extensions((all) => [...all, subjectKeyIdExtension(Uint8Array.of(1))]),
    ],
    ['extensions', extensions((all) => all.slice(0, -1))],
    [
      'extensions',
      extensions((all) => [...all, { oid: `${ARC}.3.1`, critical: false, value: Buffer.of(1) }]),
    ],
    [`${ARC}.2.8`, recast(`${ARC}.2.8`)],
    [`${ARC}.2.8`, replaced({ oid: `${ARC}.2.8`, critical: false, value: Buffer.from('dev') })],
  ])('refuses another %s', (field, template) => {
    expect(() => check(template)).toThrow(refusal('ERR_CA_REVALIDATION'));
    expect(() => check(template)).toThrow(`another ${field}`);
  });
});
