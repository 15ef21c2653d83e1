// SPDX-License-Identifier: Apache-2.0
import {
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';
import { expect } from 'vitest';
import {
  assembleSigned,
  basicConstraintsExtension,
  encodeName,
  encodePem,
  encodeTbsCertificate,
  keyUsageExtension,
  type CertificateExtension,
  type KeyUsage,
} from '@proofgate/evidence';
import { encodePrivateKey, loadIssuer, type Issuer, type LeafRequest } from '@proofgate/ca';
import { createIntermediary, createRoot, type CaIdentity } from '@proofgate/ca/authorities';

/** The time of every test: with seconds, so that what must drop them is seen to. */
export const AT = new Date('2026-11-20T09:30:42Z');
export const MINUTE = new Date('2026-11-20T09:30:00Z');
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export const TDX_QUOTE = '1.2.840.113741.1.5.5.1.6';
export const ARC = '1.3.6.1.4.1.65230';

export const pem = (...ders: Uint8Array[]): string =>
  ders.map((der) => encodePem('CERTIFICATE', der)).join('');

export const refusal = (code: string): unknown => expect.objectContaining({ code });

/** An issuer as `loadIssuer` makes it of a CA and those above it. */
export function issuerOf(ca: CaIdentity, above: Uint8Array[] = [], at = AT): Issuer {
  return loadIssuer({
    certificatePem: pem(ca.certificate, ...above),
    privateKeyPem: encodePrivateKey(ca.privateKey),
    at,
  });
}

export const root: CaIdentity = await createRoot({ commonName: 'Test Root', days: 3650, at: AT });
export const intermediary: CaIdentity = await createIntermediary({
  root,
  commonName: 'Test prod1',
  permittedDomains: ['prod1.example.com', 'legacy.example.net'],
  days: 365,
  at: AT,
});
export const issuer: Issuer = issuerOf(intermediary, [root.certificate]);

export const leafSpki: Buffer = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
}).publicKey.export({ type: 'spki', format: 'der' });

/** A request that the test issuer grants, with the given parts replaced. */
export function leafRequest(parts: Partial<LeafRequest> = {}): LeafRequest {
  return {
    spki: leafSpki,
    names: ['hello.prod1.example.com'],
    notBefore: MINUTE,
    extensions: [
      { oid: TDX_QUOTE, value: randomBytes(5000) },
      { oid: `${ARC}.2.4`, value: randomBytes(32) },
      { oid: `${ARC}.2.8`, value: Buffer.from('production') },
    ],
    purpose: 'server',
    ...parts,
  };
}

/** What {@link forge} writes; a CA that would pass unless told otherwise. */
export interface Forgery {
  readonly subject: string;
  /** Self-signed when absent. */
  readonly issuer?: { readonly subject: string; readonly key: KeyObject };
  readonly ca?: boolean;
  readonly pathLength?: number;
  readonly usages?: readonly KeyUsage[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly extensions?: readonly CertificateExtension[];
  /** Another key than a new one. */
  readonly keys?: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
}

/** Both halves of a CA's key, to put it into another certificate. */
export function keysOf({ privateKey }: CaIdentity): NonNullable<Forgery['keys']> {
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** A certificate as someone else's tools might make it, with nothing checked. */
export function forge(forgery: Forgery): CaIdentity {
  const keys = forgery.keys ?? generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { ca = true, usages = ['keyCertSign'], extensions = [] } = forgery;
  const tbs = encodeTbsCertificate({
    serialNumber: Uint8Array.of(1, ...randomBytes(15)),
    signatureAlgorithm: 'ecdsa-sha256',
    issuer: encodeName({ commonName: forgery.issuer?.subject ?? forgery.subject }),
    subject: encodeName({ commonName: forgery.subject }),
    notBefore: forgery.notBefore ?? new Date(AT.getTime() - DAY_MS),
    notAfter: forgery.notAfter ?? new Date(AT.getTime() + DAY_MS),
    spki: keys.publicKey.export({ type: 'spki', format: 'der' }),
    extensions: [
      basicConstraintsExtension({ ca, pathLength: forgery.pathLength }),
      ...(usages.length === 0 ? [] : [keyUsageExtension(usages)]),
      ...extensions,
    ],
  });
  const signature = sign('sha256', tbs, forgery.issuer?.key ?? keys.privateKey);
  return {
    certificate: assembleSigned(tbs, 'ecdsa-sha256', signature),
    privateKey: keys.privateKey,
  };
}
