// SPDX-License-Identifier: Apache-2.0

/** Private arc of RA-TLS v1: `1.3.6.1.4.1.65230`, a Private Enterprise Number. */
export const ATTESTATION_ARC = '1.3.6.1.4.1.65230';

/**
 * Object identifiers of the certificate extensions of RA-TLS v1.
 *
 * RA-TLS v2 gives several of these numbers another meaning, so the two tables must never be mixed.
 */
export const OID = {
  /** Intel TDX DCAP quote, raw. */
  tdxQuote: '1.2.840.113741.1.5.5.1.6',
  /** Intel SGX DCAP quote, raw. Lies inside Intel's PCK arc, but is not the PCK extension. */
  sgxQuote: '1.2.840.113741.1.13.1.0',
  /** AMD SEV-SNP attestation report, raw 1184 bytes. */
  snpReport: '1.3.6.1.4.1.65230.4.1',
  /** NVIDIA GPU evidence envelope. */
  gpuEvidence: '1.3.6.1.4.1.65230.5.1',
  platformRoot: '1.3.6.1.4.1.65230.1.1',
  egressCaHash: '1.3.6.1.4.1.65230.2.1',
  runtimeVersionHash: '1.3.6.1.4.1.65230.2.4',
  workloadsHash: '1.3.6.1.4.1.65230.2.5',
  dataKeyOrigin: '1.3.6.1.4.1.65230.2.6',
  attestationServersHash: '1.3.6.1.4.1.65230.2.7',
  imageProfile: '1.3.6.1.4.1.65230.2.8',
  workloadRoot: '1.3.6.1.4.1.65230.3.1',
  imageDigest: '1.3.6.1.4.1.65230.3.2',
  imageRef: '1.3.6.1.4.1.65230.3.3',
  volumeKeyOrigin: '1.3.6.1.4.1.65230.3.4',
  configurationHash: '1.3.6.1.4.1.65230.3.5',
  appId: '1.3.6.1.4.1.65230.3.6',
  dependencies: '1.3.6.1.4.1.65230.6.1',
} as const;

/**
 * How the raw bytes of an extension are to be read: 32 bytes, UTF-8, a DCAP quote, an SNP report,
 * anything.
 */
export type ExtensionEncoding = 'hash' | 'text' | 'quote' | 'report' | 'binary';

/** What an attestation extension is called and how its value is written. */
export interface OidDescription {
  readonly name: string;
  readonly encoding: ExtensionEncoding;
}

/**
 * One attestation extension: dotted OID and the raw content octets of `extnValue`, with no DER
 * inside.
 */
export interface ExtensionValue {
  readonly oid: string;
  readonly value: Uint8Array;
}

const DESCRIPTIONS: ReadonlyMap<string, OidDescription> = new Map<string, OidDescription>([
  [OID.tdxQuote, { name: 'TDX quote', encoding: 'quote' }],
  [OID.sgxQuote, { name: 'SGX quote', encoding: 'quote' }],
  [OID.snpReport, { name: 'SEV-SNP report', encoding: 'report' }],
  [OID.gpuEvidence, { name: 'GPU evidence', encoding: 'binary' }],
  [OID.platformRoot, { name: 'platform configuration root', encoding: 'hash' }],
  [OID.egressCaHash, { name: 'egress CA bundle hash', encoding: 'hash' }],
  [OID.runtimeVersionHash, { name: 'runtime version hash', encoding: 'hash' }],
  [OID.workloadsHash, { name: 'combined workloads hash', encoding: 'hash' }],
  [OID.dataKeyOrigin, { name: 'data disk key origin', encoding: 'text' }],
  [OID.attestationServersHash, { name: 'attestation servers hash', encoding: 'hash' }],
  [OID.imageProfile, { name: 'image profile', encoding: 'text' }],
  [OID.workloadRoot, { name: 'workload configuration root', encoding: 'hash' }],
  [OID.imageDigest, { name: 'image digest', encoding: 'hash' }],
  [OID.imageRef, { name: 'image reference', encoding: 'text' }],
  [OID.volumeKeyOrigin, { name: 'volume key origin', encoding: 'text' }],
  [OID.configurationHash, { name: 'configuration hash', encoding: 'hash' }],
  [OID.appId, { name: 'application id', encoding: 'binary' }],
  [OID.dependencies, { name: 'attested dependencies', encoding: 'binary' }],
]);

/**
 * Says what an attestation extension is.
 *
 * @returns `undefined` for an OID that RA-TLS v1 does not define; OIDs below `configurationHash`
 * belong to the application and are described as its own values
 */
export function describeOid(oid: string): OidDescription | undefined {
  if (oid.startsWith(`${OID.configurationHash}.`)) {
    return { name: 'application value', encoding: 'binary' };
  }
  return DESCRIPTIONS.get(oid);
}
