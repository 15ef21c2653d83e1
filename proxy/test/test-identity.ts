// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { encodePrivateKey, loadIssuer, startOfMinute } from '@proofgate/ca';
import { createRoot } from '@proofgate/ca/authorities';
import { encodePem } from '@proofgate/evidence';
import { newIntermediary } from './test-ca.ts';

const at = new Date();
const intermediary = await newIntermediary(
  await createRoot({ commonName: 'Test root', days: 30, at }),
);
const issuer = loadIssuer({
  certificatePem: encodePem('CERTIFICATE', intermediary.certificate),
  privateKeyPem: encodePrivateKey(intermediary.privateKey),
  at,
});
const made = new Map<string, { privateKey: string; chain: string }>();

/** A key and a chain for a host, without a quote; the same for the same arguments. */
export function testIdentity(
  hostname: string,
  generation: number,
): { privateKey: string; chain: string } {
  const name = `${hostname}#${String(generation)}`;
  const present = made.get(name);
  if (present !== undefined) return present;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const leaf = issuer.issueLeaf({
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    names: [hostname],
    notBefore: startOfMinute(at),
    extensions: [],
    purpose: 'server',
  });
  const identity = {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    chain: leaf.chainPem,
  };
  made.set(name, identity);
  return identity;
}

/** A new P-256 key's SubjectPublicKeyInfo, DER. */
export function testSpki(): Uint8Array {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }));
}
