// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRoot } from '@proofgate/ca/authorities';
import { trustBundleJwks, trustBundlePem } from '@proofgate/ca/operator';
import { decodePem, parseCertificate, toBase64 } from '@proofgate/evidence';
import { AT, root } from './pki.ts';

const other = await createRoot({ commonName: 'Next Root', keyType: 'P-384', days: 30, at: AT });
const roots = [root.certificate, other.certificate];

describe('a trust bundle', () => {
  it('is PEM that says what is in it', () => {
    const bundle = trustBundlePem(roots);
    expect(bundle).toMatch(/^# CN=Test Root, valid until 2036-/);
    expect(bundle).toContain('# CN=Next Root');
    expect(decodePem(bundle, 'CERTIFICATE')).toEqual(roots);
  });

  it('is a set of keys that belong to the certificates', () => {
    const { keys } = trustBundleJwks(roots);
    expect(keys.map(({ crv, alg }) => `${crv} ${alg}`)).toEqual(['P-256 ES256', 'P-384 ES384']);
    for (const [index, key] of keys.entries()) {
      const { spki } = parseCertificate(roots[index] ?? new Uint8Array());
      const own = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
      expect(createPublicKey({ key: { ...key }, format: 'jwk' }).equals(own)).toBe(true);
      expect(key.x5c).toEqual([toBase64(roots[index] ?? new Uint8Array())]);
      expect(new X509Certificate(Buffer.from(key.x5c[0], 'base64')).ca).toBe(true);
    }
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(2);
  });
});
