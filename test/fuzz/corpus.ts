// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import {
  assembleSigned,
  basicConstraintsExtension,
  buildTree,
  decodePem,
  encodeAuditManifest,
  encodeName,
  encodeTbsCertificate,
  extKeyUsageExtension,
  fromHex,
  keyUsageExtension,
  nameConstraintsExtension,
  OID,
  parseCertificate,
  parseQuote,
  subjectAltNameExtension,
  utf8,
  type Collateral,
} from '@proofgate/evidence';
import { INTEL_SGX_ROOT_CA } from '@proofgate/verifier';
import { readRealEvidence, realEvidence } from '../system/support/real-evidence.ts';

/** Whether the collection of real evidence is there. */
export const haveRealEvidence: boolean = existsSync(realEvidence('manifest.json'));
if (!haveRealEvidence && process.env['CI'] !== undefined) {
  throw new Error(`CI needs ${realEvidence('')}`);
}

const QUOTES = [
  'tdx/v4-phala-b0c06f.bin',
  'tdx/v4-gcp-cos113-00806f05.bin',
  'tdx/v4-debug-td-50806f.bin',
  'tdx/v5-google-90c06f.bin',
  'tdx/v5-alibaba-90c06f.bin',
  'sgx/v3-phala-00a067.bin',
];
const BUNDLES = [
  'tdx-b0c06f000000-202506',
  'tdx-00806f050000-202601',
  'tdx-90c06f000000-202602',
  'sgx-00a067110000-202506',
];

/** Files of the collection; none where it is missing. */
export function realFiles(...paths: readonly string[]): Uint8Array[] {
  return haveRealEvidence ? paths.map((path) => new Uint8Array(readRealEvidence(path))) : [];
}

/** Real quotes of all versions. */
export const realQuotes: readonly Uint8Array[] = realFiles(...QUOTES);

/** Real collateral bundles, as the JSON that is exchanged. */
export const realBundles: readonly Uint8Array[] = realFiles(
  ...BUNDLES.map((name) => `collateral/${name}.json`),
);

/** The same bundles as objects. */
export const realCollateral: readonly Collateral[] = realBundles.map(
  // The collection's bundles have the members of the format.
  (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Collateral,
);

/** PEM texts of real quotes and bundles. */
export const pemTexts: readonly Uint8Array[] = [
  ...realQuotes.map((quote) => utf8(parseQuote(quote).signature.certificateChainPem)),
  ...realCollateral.map((bundle) => utf8(bundle.tcb_info_issuer_chain)),
  ...realFiles('snp/chain-genoa.pem'),
];

/** A signature in DER. */
export const ecdsaSignature: Uint8Array = parseCertificate(INTEL_SGX_ROOT_CA).signature;

/** Certificates of Intel and AMD, and one with everything that ours have. */
export const certificates: readonly Uint8Array[] = [
  INTEL_SGX_ROOT_CA,
  attestedLeaf(),
  ...[...pemTexts, ...realFiles('snp/gosev-milan-leaf.pem')].flatMap((text) =>
    decodePem(new TextDecoder().decode(text), 'CERTIFICATE'),
  ),
];

/** Revocation lists of Intel. */
export const revocationLists: readonly Uint8Array[] = realCollateral.flatMap((bundle) => [
  fromHex(bundle.root_ca_crl),
  fromHex(bundle.pck_crl),
]);

/** A leaf with evidence and configuration extensions; its signature is well-formed and wrong. */
function attestedLeaf(): Uint8Array {
  const tbs = encodeTbsCertificate({
    serialNumber: Uint8Array.of(1),
    signatureAlgorithm: 'ecdsa-sha256',
    issuer: encodeName({ commonName: 'Fuzz CA', organization: 'Proofgate', country: 'CH' }),
    subject: encodeName({ commonName: 'app.fuzz.example' }),
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2050-01-02T00:00:00Z'),
    spki: parseCertificate(INTEL_SGX_ROOT_CA).spki,
    extensions: [
      { oid: OID.tdxQuote, critical: false, value: new Uint8Array(64).fill(7) },
      { oid: OID.imageProfile, critical: false, value: utf8('production') },
      { oid: OID.workloadsHash, critical: false, value: new Uint8Array(32) },
      basicConstraintsExtension({ ca: true, pathLength: 1 }),
      keyUsageExtension(['digitalSignature', 'decipherOnly']),
      extKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
      subjectAltNameExtension({ dns: ['app.fuzz.example'], ip: [new Uint8Array(16)] }),
      nameConstraintsExtension({
        permitted: { dns: ['fuzz.example'], ip: [] },
        excluded: { dns: [], ip: [new Uint8Array(8)] },
      }),
    ],
  });
  return assembleSigned(tbs, 'ecdsa-sha256', ecdsaSignature);
}

/** Audit manifests, one of them empty. */
export const auditManifests: readonly Uint8Array[] = [
  encodeAuditManifest(buildTree([])),
  encodeAuditManifest(
    buildTree([
      { name: 'workload.command', data: utf8('node') },
      { name: 'workload.env.ü', data: undefined },
      { name: 'workload.image', data: new Uint8Array(300) },
    ]),
  ),
];

/** JSON as bytes. */
export function json(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}
