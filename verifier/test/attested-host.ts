// SPDX-License-Identifier: Apache-2.0
import {
  type AttestationDocument,
  type CertificateExtension,
  deterministicReportData,
  digestRuntimeEvent,
  encodeAuditManifest,
  type ExtensionValue,
  formatQuoteTime,
  fromHex,
  OID,
  type RuntimeEvent,
  sha256,
  toHex,
  workloadTree,
} from '@proofgate/evidence';
import {
  createSimulatedPlatform,
  type SimulatedPlatform,
  type SimulatedPlatformOptions,
} from '@proofgate/simulator';
import type { VerifyCertificateOptions } from '@proofgate/verifier';
import {
  caExtensions,
  HOUR_MS,
  issue,
  keyPair,
  leafExtensions,
  NOW,
  type Party,
} from './private-pki.ts';

export const HOSTNAME = 'hello.demo.localhost';
export const IMAGE_DIGEST = '5a'.repeat(32);

/** A host as the proxy would serve it: a platform, a private PKI, a measured workload, a leaf with a quote. */
export interface AttestedHost {
  readonly platform: SimulatedPlatform;
  readonly root: Party;
  readonly ca: Party;
  readonly leaf: Party;
  readonly chain: readonly Uint8Array[];
  readonly events: readonly RuntimeEvent[];
  readonly document: AttestationDocument;
}

/** What differs from a sound host. */
export interface HostWish {
  readonly platform?: SimulatedPlatformOptions;
  readonly notBefore?: Date;
  readonly lifetimeMs?: number;
  /** Time that the quote is made for. */
  readonly quoteTime?: Date;
  readonly gpuEvidence?: Uint8Array;
  /** GPU evidence that the quote covers, when it is not the one in the leaf. */
  readonly quotedGpuEvidence?: Uint8Array;
  readonly quoteOid?: string;
  readonly extensions?: (sound: readonly ExtensionValue[]) => readonly ExtensionValue[];
  readonly measured?: (sound: readonly RuntimeEvent[]) => readonly RuntimeEvent[];
  readonly withoutQuote?: boolean;
  readonly hostname?: string;
}

export async function attestedHost(wish: HostWish = {}): Promise<AttestedHost> {
  const platform = createSimulatedPlatform({ at: NOW, ...wish.platform });
  const root = issue({ commonName: 'Test Root', extensions: caExtensions(1) });
  const ca = issue({ commonName: 'Test CA', issuer: root, extensions: caExtensions(0) });
  const tree = workloadTree({
    name: 'hello',
    imageRef: `example.com/hello@sha256:${IMAGE_DIGEST}`,
    imageDigest: fromHex(IMAGE_DIGEST),
  });
  const sound: readonly RuntimeEvent[] = [
    {
      type: 'proofgate.platform',
      ca_spki_sha256: toHex(sha256(ca.spki)),
      runtime_version: 'test',
      image_profile: 'production',
      platform_root: '00'.repeat(32),
    },
    {
      type: 'proofgate.workload.load',
      name: 'hello',
      image_ref: 'example.com/hello',
      image_digest: IMAGE_DIGEST,
      config_root: toHex(tree.root),
      spec_digest: '11'.repeat(32),
    },
  ];
  for (const event of wish.measured?.(sound) ?? sound) {
    await platform.extend(3, digestRuntimeEvent(event));
  }

  const notBefore = wish.notBefore ?? new Date(NOW.getTime() - HOUR_MS);
  const keys = keyPair();
  const spki = new Uint8Array(keys.publicKey.export({ type: 'spki', format: 'der' }));
  const gpu = wish.quotedGpuEvidence ?? wish.gpuEvidence;
  const quote = await platform.quote(
    deterministicReportData(spki, wish.quoteTime ?? notBefore, gpu),
  );
  const values: readonly ExtensionValue[] = [
    { oid: OID.workloadRoot, value: tree.root },
    { oid: OID.imageDigest, value: fromHex(IMAGE_DIGEST) },
    { oid: OID.imageProfile, value: new TextEncoder().encode('production') },
  ];
  const evidence: readonly ExtensionValue[] = [
    ...(wish.withoutQuote === true ? [] : [{ oid: wish.quoteOid ?? OID.tdxQuote, value: quote }]),
    ...(wish.gpuEvidence === undefined ? [] : [{ oid: OID.gpuEvidence, value: wish.gpuEvidence }]),
  ];
  const extensions: readonly CertificateExtension[] = [
    ...evidence,
    ...(wish.extensions?.(values) ?? values),
  ].map((extension) => ({ ...extension, critical: false }));
  const leaf = issue({
    commonName: 'hello',
    issuer: ca,
    keys,
    notBefore,
    notAfter: new Date(notBefore.getTime() + (wish.lifetimeMs ?? 24 * HOUR_MS)),
    extensions: leafExtensions([wish.hostname ?? HOSTNAME], ...extensions),
  });
  const chain = [leaf.certificate, ca.certificate];
  const document: AttestationDocument = {
    version: 1,
    host: wish.hostname ?? HOSTNAME,
    tee: 'tdx',
    simulated: true,
    certificateChain: chain,
    quote,
    quoteTime: formatQuoteTime(notBefore),
    eventLog: sound,
    manifests: { workload: encodeAuditManifest(tree) },
    collateral: platform.collateral(),
  };
  return { platform, root, ca, leaf, chain, events: sound, document };
}

/** Options with which a sound host is accepted. */
export function optionsFor(
  host: AttestedHost,
  more: Partial<VerifyCertificateOptions> = {},
): VerifyCertificateOptions {
  return {
    chain: host.chain,
    collateral: host.platform.collateral(),
    roots: { sha256: host.platform.rootSha256 },
    caRoots: [host.root.certificate],
    hostname: HOSTNAME,
    policy: 'none',
    at: NOW,
    ...more,
  };
}
