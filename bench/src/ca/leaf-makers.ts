// SPDX-License-Identifier: Apache-2.0
import 'reflect-metadata';
import {
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  webcrypto,
  type KeyObject,
} from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { createLeafKey, encodePrivateKey, loadIssuer, startOfMinute } from '@proofgate/ca';
import { createIntermediary, createRoot } from '@proofgate/ca/authorities';
import { deterministicReportData, encodePem } from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** One way to make a leaf; each call makes one. */
export type LeafMaker = () => unknown;

/** The ways that are compared. */
export interface LeafMakers {
  /** Fresh key, authorise, sign, read back: what minting costs without the platform. */
  readonly ours: LeafMaker;
  /** The same, and what a TLS server needs of it. */
  readonly withContext: LeafMaker;
  /** The same, and a quote of the software platform, which signs in this process. */
  readonly withQuote: LeafMaker;
  /** Fresh key and signature by the library that operators' certificates are made with; nothing is checked. */
  readonly library: LeafMaker;
}

const HOST = 'hello.prod1.example.com';
const TDX_QUOTE = '1.2.840.113741.1.5.5.1.6';
/** As large as quotes with their certificates are. */
const QUOTE_BYTES = 5_000;

/**
 * Prepares all of them on one CA and one quote.
 *
 * @param at - the current time
 */
export async function prepareLeafMakers(at: Date): Promise<LeafMakers> {
  const root = await createRoot({ commonName: 'Benchmark root', days: 30, at });
  const intermediary = await createIntermediary({
    ...{ root, commonName: 'Benchmark prod1', permittedDomains: ['prod1.example.com'] },
    ...{ days: 20, at },
  });
  const issuer = loadIssuer({
    certificatePem: encodePem('CERTIFICATE', intermediary.certificate),
    privateKeyPem: encodePrivateKey(intermediary.privateKey),
    at,
  });
  const quote = new Uint8Array(randomBytes(QUOTE_BYTES));
  const notBefore = startOfMinute(at);
  const platform = createSimulatedPlatform({ at });

  const issue = (value: Uint8Array, leaf = createLeafKey()): { cert: string; key: string } => {
    const { chainPem } = issuer.issueLeaf({
      spki: leaf.spki,
      names: [HOST],
      notBefore,
      extensions: [{ oid: TDX_QUOTE, value }],
      purpose: 'server',
    });
    return { cert: chainPem, key: leaf.privateKeyPem };
  };
  return {
    ours: () => issue(quote),
    withContext: () => createSecureContext(issue(quote)),
    withQuote: async () => {
      const leaf = createLeafKey();
      return issue(await platform.quote(deterministicReportData(leaf.spki, notBefore)), leaf);
    },
    library: await libraryMaker(intermediary.privateKey, notBefore, quote),
  };
}

async function libraryMaker(
  caKey: KeyObject,
  notBefore: Date,
  quote: Uint8Array<ArrayBuffer>,
): Promise<LeafMaker> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const pkcs8 = createPrivateKey(encodePrivateKey(caKey)).export({ type: 'pkcs8', format: 'der' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const notAfter = new Date(notBefore.getTime() + 86_400_000);
  return async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    return X509CertificateGenerator.create({
      serialNumber: randomBytes(16).toString('hex'),
      issuer: 'CN=Benchmark prod1',
      subject: `CN=${HOST}`,
      ...{ notBefore, notAfter, signingKey, signingAlgorithm: algorithm },
      publicKey: publicKey.export({ type: 'spki', format: 'der' }),
      extensions: [
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
        new BasicConstraintsExtension(false, undefined, true),
        new SubjectAlternativeNameExtension([{ type: 'dns', value: HOST }]),
        new Extension(TDX_QUOTE, false, quote),
      ],
    });
  };
}
