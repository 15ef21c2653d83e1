// SPDX-License-Identifier: Apache-2.0
import { ATTESTATION_ARC, KEY_PURPOSE, OID } from '@proofgate/evidence';

/** What a leaf is for. */
export type LeafPurpose = 'server' | 'client';

/** One kind of extension that a leaf may carry besides those the profile itself puts in. */
export interface AllowedExtension {
  /** The OID, or the OID of the arc that contains it. */
  readonly oid: string;
  /** `exact`, or `arc` for every OID strictly below. */
  readonly match: 'exact' | 'arc';
  /** Longest value in bytes. */
  readonly maxBytes: number;
}

/** Everything about a leaf that does not depend on the request. */
export interface LeafProfile {
  readonly keyUsage: readonly ['digitalSignature'];
  readonly extKeyUsage: readonly string[];
  /** Shortest lifetime in milliseconds. */
  readonly minLifetimeMs: number;
  /** Longest lifetime in milliseconds, and the one of a request that names none. */
  readonly maxLifetimeMs: number;
  /** In the order of the certificate: the first entry that matches an extension decides about it and its place. */
  readonly extensions: readonly AllowedExtension[];
  /** Most attestation extensions in one leaf. */
  readonly maxExtensions: number;
}

const MINUTE_MS = 60_000;

/** RA-TLS v1 challenge leaves live 5 minutes, the shortest lifetime in use. */
const MIN_LIFETIME_MS = 5 * MINUTE_MS;

/** RA-TLS v1 deterministic leaves live 24 hours: whoever steals a leaf key can use its quote for no longer. */
const MAX_LIFETIME_MS = 24 * 60 * MINUTE_MS;

/** Quotes with their certificates are 5 to 8 KiB today; four times that leaves room for longer chains. */
const MAX_QUOTE_BYTES = 32_768;

/** AMD SEV-SNP firmware ABI, attestation report. */
const SNP_REPORT_BYTES = 1184;

/** RA-TLS v1 cuts GPU evidence at 64 KiB; what fits beside a quote is bounded by the whole chain anyway. */
const MAX_GPU_EVIDENCE_BYTES = 65_536;

/** Hashes are 32 bytes; the longest value in use, a set of dependencies, takes about 450 bytes an entry. */
const MAX_VALUE_BYTES = 16_384;

/** RA-TLS v1 defines 17 values; the rest is for values an app adds below `3.5`. */
const MAX_EXTENSIONS = 64;

/** RA-TLS v1: the quote first, then GPU evidence, then the configuration in the order of the request. */
const ATTESTATION_EXTENSIONS: readonly AllowedExtension[] = [
  { oid: OID.tdxQuote, match: 'exact', maxBytes: MAX_QUOTE_BYTES },
  { oid: OID.sgxQuote, match: 'exact', maxBytes: MAX_QUOTE_BYTES },
  { oid: OID.snpReport, match: 'exact', maxBytes: SNP_REPORT_BYTES },
  { oid: OID.gpuEvidence, match: 'exact', maxBytes: MAX_GPU_EVIDENCE_BYTES },
  { oid: ATTESTATION_ARC, match: 'arc', maxBytes: MAX_VALUE_BYTES },
];

const COMMON = {
  keyUsage: ['digitalSignature'],
  minLifetimeMs: MIN_LIFETIME_MS,
  maxLifetimeMs: MAX_LIFETIME_MS,
  extensions: ATTESTATION_EXTENSIONS,
  maxExtensions: MAX_EXTENSIONS,
} as const;

/** The profiles of RA-TLS v1 leaves: what answers connections, and what opens them. */
export const LEAF_PROFILES: Readonly<Record<LeafPurpose, LeafProfile>> = {
  server: { ...COMMON, extKeyUsage: [KEY_PURPOSE.serverAuth] },
  client: { ...COMMON, extKeyUsage: [KEY_PURPOSE.clientAuth] },
};

/** The extensions that prove something by themselves; a leaf carries at most one of them. */
export const EVIDENCE_OIDS: readonly string[] = [OID.tdxQuote, OID.sgxQuote, OID.snpReport];

/** What may follow an arc: at least one number, written without leading zeros so that an OID has one spelling. */
const BELOW_ARC = /^(\.(0|[1-9][0-9]{0,9}))+$/;

/**
 * The place of an extension in the profile's list, or -1 when the list does not have it.
 *
 * @param profile - which list
 * @param oid - the extension's OID in dotted decimals
 */
export function extensionRank(profile: LeafProfile, oid: string): number {
  return profile.extensions.findIndex(({ oid: known, match }) =>
    match === 'exact'
      ? oid === known
      : oid.startsWith(known) && BELOW_ARC.test(oid.slice(known.length)),
  );
}
