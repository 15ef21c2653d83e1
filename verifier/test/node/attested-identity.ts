// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import {
  type AttestationDocument,
  deterministicReportData,
  digestRuntimeEvent,
  encodePem,
  type ExtensionValue,
  formatQuoteTime,
  OID,
  type RuntimeEvent,
  sha256,
  toHex,
  utf8,
} from '@proofgate/evidence';
import { encodePrivateKey, loadIssuer } from '@proofgate/ca';
import { createIntermediary, createRoot } from '@proofgate/ca/authorities';
import { createSimulatedPlatform, type SimulatedPlatform } from '@proofgate/simulator';
import { parsePolicy } from '@proofgate/verifier';
import type { PeerRequirements } from '@proofgate/verifier/node';

/** The time of these tests. */
export const AT = new Date('2026-06-01T12:00:00Z');
export const HOSTNAME = 'hello.demo.localhost';
const NOT_BEFORE = new Date('2026-06-01T11:00:00Z');

/** What a host answers connections with, issued by the product's own CA over a simulated platform. */
export interface AttestedIdentity {
  readonly platform: SimulatedPlatform;
  /** DER. */
  readonly root: Uint8Array;
  readonly chainPem: string;
  readonly keyPem: string;
  readonly spki: Uint8Array;
  readonly document: AttestationDocument;
}

/** Issues an identity whose leaf has a quote, or leaves the quote out as hosts with evidence for sessions do. */
export async function attestedIdentity({
  withoutQuote = false,
}: { readonly withoutQuote?: boolean } = {}): Promise<AttestedIdentity> {
  const platform = createSimulatedPlatform({ at: AT });
  const root = await createRoot({ commonName: 'Test Root', days: 3650, at: NOT_BEFORE });
  const ca = await createIntermediary({
    root,
    commonName: 'Test CA',
    permittedDomains: ['demo.localhost'],
    days: 365,
    at: NOT_BEFORE,
  });
  const issuer = loadIssuer({
    certificatePem: pem(ca.certificate) + pem(root.certificate),
    privateKeyPem: encodePrivateKey(ca.privateKey),
    at: AT,
  });
  const event: RuntimeEvent = {
    type: 'proofgate.platform',
    ca_spki_sha256: toHex(sha256(issuer.certificate.spki)),
    runtime_version: 'test',
    image_profile: 'production',
    platform_root: '00'.repeat(32),
  };
  await platform.extend(3, digestRuntimeEvent(event));

  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(keys.publicKey.export({ type: 'spki', format: 'der' }));
  const quote = await platform.quote(deterministicReportData(spki, NOT_BEFORE));
  const evidence: ExtensionValue[] = withoutQuote ? [] : [{ oid: OID.tdxQuote, value: quote }];
  const leaf = issuer.issueLeaf({
    spki,
    names: [HOSTNAME],
    notBefore: NOT_BEFORE,
    extensions: [...evidence, { oid: OID.imageProfile, value: utf8('production') }],
    purpose: 'server',
  });
  return {
    platform,
    root: root.certificate,
    chainPem: leaf.chainPem,
    keyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    spki,
    document: {
      version: 1,
      host: HOSTNAME,
      tee: 'tdx',
      simulated: true,
      certificateChain: leaf.chain,
      quote,
      quoteTime: formatQuoteTime(NOT_BEFORE),
      eventLog: [event],
      manifests: {},
      collateral: platform.collateral(),
    },
  };
}

/** What a client asks of a host with this identity; `policy` changes what is accepted. */
export function requirementsFor(
  { platform, root }: AttestedIdentity,
  policy: object = {},
): PeerRequirements {
  return {
    policy: parsePolicy({
      version: 1,
      tee: 'tdx',
      roots: `sha256:${platform.rootSha256}`,
      ...policy,
    }),
    collateral: platform.collateral(),
    caRoots: [root],
    clock: () => AT,
  };
}

/** Counts how many peers are verified: each verification reads the clock once. */
export function counting(requirements: PeerRequirements): PeerRequirements & { count: number } {
  const counted = {
    ...requirements,
    count: 0,
    clock: () => {
      counted.count += 1;
      return AT;
    },
  };
  return counted;
}

function pem(certificate: Uint8Array): string {
  return encodePem('CERTIFICATE', certificate);
}
