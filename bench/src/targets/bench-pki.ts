// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { encodePrivateKey, loadIssuer, startOfMinute } from '@proofgate/ca';
import { createIntermediary, createRoot } from '@proofgate/ca/authorities';
import { encodePem, OID } from '@proofgate/evidence';

/** A PKI as an operator has one, for the server under test and for its peers. All PEM. */
export interface BenchPki {
  /** What clients trust. */
  readonly root: string;
  /** The CA that the proxy issues with. */
  readonly intermediary: { readonly certificate: string; readonly key: string };
  /** A leaf and its chain: what a peer serves. */
  readonly leaf: { readonly certificate: string; readonly key: string };
}

/**
 * Creates a root, an intermediary for some hosts, and a leaf for them.
 *
 * @param quote carried by the leaf, where the proxy's leaves carry theirs
 */
export async function createBenchPki(
  hostnames: readonly string[],
  at: Date,
  quote?: Uint8Array,
): Promise<BenchPki> {
  const root = await createRoot({ commonName: 'Proofgate benchmark root', days: 3, at });
  const intermediary = await createIntermediary({
    root,
    commonName: 'Proofgate benchmark',
    permittedDomains: [...hostnames],
    days: 2,
    at,
  });
  const certificate = encodePem('CERTIFICATE', intermediary.certificate);
  const key = encodePrivateKey(intermediary.privateKey);
  const issuer = loadIssuer({ certificatePem: certificate, privateKeyPem: key, at });
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const leaf = issuer.issueLeaf({
    spki: pair.publicKey.export({ type: 'spki', format: 'der' }),
    names: hostnames,
    notBefore: startOfMinute(at),
    extensions: quote === undefined ? [] : [{ oid: OID.tdxQuote, value: quote }],
    purpose: 'server',
  });
  return {
    root: encodePem('CERTIFICATE', root.certificate),
    intermediary: { certificate, key },
    leaf: { certificate: leaf.chainPem, key: encodePrivateKey(pair.privateKey) },
  };
}
