// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { encodePrivateKey, loadIssuer, startOfMinute } from '@proofgate/ca';
import { createIntermediary, createRoot } from '@proofgate/ca/authorities';
import { encodePem } from '@proofgate/evidence';

/** A PKI as an operator has one, for the server under test and for its peer. All PEM. */
export interface BenchPki {
  /** What clients trust. */
  readonly root: string;
  /** The CA that the proxy issues with. */
  readonly intermediary: { readonly certificate: string; readonly key: string };
  /** A leaf without evidence and its chain: what a peer serves. */
  readonly leaf: { readonly certificate: string; readonly key: string };
}

/** Creates a root, an intermediary for one host, and a leaf for it. */
export async function createBenchPki(hostname: string, at: Date): Promise<BenchPki> {
  const root = await createRoot({ commonName: 'Proofgate benchmark root', days: 3, at });
  const intermediary = await createIntermediary({
    root,
    commonName: 'Proofgate benchmark',
    permittedDomains: [hostname],
    days: 2,
    at,
  });
  const certificate = encodePem('CERTIFICATE', intermediary.certificate);
  const key = encodePrivateKey(intermediary.privateKey);
  const issuer = loadIssuer({ certificatePem: certificate, privateKeyPem: key, at });
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const leaf = issuer.issueLeaf({
    spki: pair.publicKey.export({ type: 'spki', format: 'der' }),
    names: [hostname],
    notBefore: startOfMinute(at),
    extensions: [],
    purpose: 'server',
  });
  return {
    root: encodePem('CERTIFICATE', root.certificate),
    intermediary: { certificate, key },
    leaf: { certificate: leaf.chainPem, key: encodePrivateKey(pair.privateKey) },
  };
}
