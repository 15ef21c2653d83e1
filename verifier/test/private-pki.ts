// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  assembleSigned,
  authorityKeyIdExtension,
  basicConstraintsExtension,
  type CertificateExtension,
  encodeName,
  encodeTbsCertificate,
  encodePem,
  extKeyUsageExtension,
  KEY_PURPOSE,
  keyUsageExtension,
  sha256,
  subjectAltNameExtension,
  subjectKeyIdExtension,
} from '@proofgate/evidence';

/** Somebody with a key and a certificate, well-formed or not. */
export interface Party {
  readonly certificate: Uint8Array;
  readonly privateKey: KeyObject;
  readonly name: Uint8Array;
  readonly spki: Uint8Array;
}

/** What a certificate is to look like; the rest is sound. */
export interface CertificateWish {
  readonly commonName: string;
  readonly issuer?: Party;
  /** Defaults to the issuer's own name. */
  readonly issuerName?: Uint8Array;
  /** Signs in place of the issuer. */
  readonly signer?: KeyObject;
  readonly curve?: 'P-256' | 'P-384';
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly extensions: readonly CertificateExtension[];
  readonly keys?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
}

/** The time at which the test certificates are used. */
export const NOW = new Date('2026-06-01T12:00:00Z');
export const HOUR_MS = 3_600_000;

export function keyPair(curve: 'P-256' | 'P-384' = 'P-256') {
  return generateKeyPairSync('ec', { namedCurve: curve });
}

/** Issues a certificate; without an issuer, it signs itself. */
export function issue(wish: CertificateWish): Party {
  const { publicKey, privateKey } = wish.keys ?? keyPair(wish.curve);
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  const name = encodeName({ commonName: wish.commonName });
  const tbs = encodeTbsCertificate({
    serialNumber: sha256(spki)
      .slice(0, 16)
      .map((byte, index) => (index === 0 ? byte & 0x7f : byte)),
    signatureAlgorithm: 'ecdsa-sha256',
    issuer: wish.issuerName ?? wish.issuer?.name ?? name,
    subject: name,
    notBefore: wish.notBefore ?? new Date(NOW.getTime() - HOUR_MS),
    notAfter: wish.notAfter ?? new Date(NOW.getTime() + 20 * HOUR_MS),
    spki,
    extensions: wish.extensions,
  });
  const signer = wish.signer ?? wish.issuer?.privateKey ?? privateKey;
  const signature = new Uint8Array(sign('sha256', tbs, signer));
  return { certificate: assembleSigned(tbs, 'ecdsa-sha256', signature), privateKey, name, spki };
}

/** Extensions of a sound CA. */
export function caExtensions(
  pathLength?: number,
  ...more: readonly CertificateExtension[]
): readonly CertificateExtension[] {
  return [
    basicConstraintsExtension({ ca: true, pathLength }),
    keyUsageExtension(['keyCertSign', 'cRLSign']),
    ...more,
  ];
}

/** Extensions of a sound server leaf. */
export function leafExtensions(
  dns: readonly string[],
  ...more: readonly CertificateExtension[]
): readonly CertificateExtension[] {
  return [
    basicConstraintsExtension({ ca: false }),
    keyUsageExtension(['digitalSignature']),
    extKeyUsageExtension([KEY_PURPOSE.serverAuth]),
    subjectAltNameExtension({ dns }),
    ...more,
  ];
}

/** Key identifiers of a certificate and its issuer. */
export function keyIds(own?: Uint8Array, issuer?: Uint8Array): readonly CertificateExtension[] {
  return [
    ...(own === undefined ? [] : [subjectKeyIdExtension(own)]),
    ...(issuer === undefined ? [] : [authorityKeyIdExtension(issuer)]),
  ];
}

/** PEM of a certificate. */
export function pemOf(...certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => encodePem('CERTIFICATE', der)).join('');
}
