// SPDX-License-Identifier: Apache-2.0
import { createHash, createPublicKey } from 'node:crypto';
import { encodePem, parseCertificate, toBase64 } from '@proofgate/evidence';
import { signingScheme } from '../keys/key-type.ts';

/** A public key of a CA with its certificate, as RFC 7517 writes it. */
export interface TrustedKey {
  readonly kty: 'EC';
  readonly crv: 'P-256' | 'P-384';
  readonly x: string;
  readonly y: string;
  readonly use: 'sig';
  readonly alg: 'ES256' | 'ES384';
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  /** The certificate, DER in base64. */
  readonly x5c: readonly [string];
}

/**
 * The certificates that clients have to trust, as PEM with their names in front, which every TLS library reads.
 *
 * @param roots - DER, in the order of the bundle
 */
export function trustBundlePem(roots: readonly Uint8Array[]): string {
  return roots
    .map((der) => {
      const { subject, notAfter } = parseCertificate(der);
      return `# ${subject.text}, valid until ${notAfter.toISOString()}\n${encodePem('CERTIFICATE', der)}`;
    })
    .join('');
}

/**
 * The same as a JWK Set (RFC 7517).
 *
 * @param roots - DER
 * @throws CaError `ERR_CA_KEY_UNSUPPORTED` for a key that is neither P-256 nor P-384
 */
export function trustBundleJwks(roots: readonly Uint8Array[]): { keys: readonly TrustedKey[] } {
  return { keys: roots.map(trustedKey) };
}

function trustedKey(der: Uint8Array): TrustedKey {
  const { spki } = parseCertificate(der);
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const { hash } = signingScheme(key);
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const crv = hash === 'sha256' ? 'P-256' : 'P-384';
  // RFC 7638, section 3.2: these members in this order, without spaces.
  const members = JSON.stringify({ crv, kty: 'EC', x, y });
  const kid = createHash('sha256').update(members).digest('base64url');
  const alg = hash === 'sha256' ? 'ES256' : 'ES384';
  return { kty: 'EC', crv, x, y, use: 'sig', alg, kid, x5c: [toBase64(der)] };
}
