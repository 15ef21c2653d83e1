// SPDX-License-Identifier: Apache-2.0
import { ATTESTATION_ARC, describeOid, derOid, type ExtensionValue } from '@proofgate/evidence';
import { CaError } from '../errors.ts';
import { EVIDENCE_OIDS, extensionRank, type LeafProfile } from './leaf-profile.ts';

/** Tag and length in front of an OID's content octets. */
const OID_HEADER_BYTES = 2;

/** How every OID below the arc begins on the wire. */
const ARC_CONTENT = Buffer.from(derOid(ATTESTATION_ARC).subarray(OID_HEADER_BYTES));

/**
 * Decides which of the requested extensions a leaf carries and in which order: allowed by the profile, each once, at
 * most one of them evidence, evidence first.
 *
 * @param requested - evidence and configuration, raw values
 * @param profile - what the leaf is for
 * @returns the same values in the order of the certificate
 * @throws CaError `ERR_CA_EXTENSION_NOT_PERMITTED`, `ERR_CA_EXTENSION_DUPLICATE`, `ERR_CA_EXTENSION_VALUE`
 */
export function leafExtensions(
  requested: readonly ExtensionValue[],
  profile: LeafProfile,
): readonly ExtensionValue[] {
  if (requested.length > profile.maxExtensions) {
    throw new CaError('ERR_CA_EXTENSION_NOT_PERMITTED', 'too many extensions for one leaf', {
      expected: `at most ${String(profile.maxExtensions)}`,
      seen: String(requested.length),
    });
  }
  const ranked = requested.map((extension) => ({
    extension,
    rank: checkedRank(extension, profile),
  }));
  checkUnique(requested);
  // Array.prototype.sort is stable: values of the arc stay in the order of the request.
  return ranked.sort((a, b) => a.rank - b.rank).map(({ extension }) => extension);
}

function checkedRank({ oid, value }: ExtensionValue, profile: LeafProfile): number {
  const rank = extensionRank(profile, oid);
  const allowed = profile.extensions[rank];
  if (allowed === undefined) {
    throw new CaError('ERR_CA_EXTENSION_NOT_PERMITTED', `a leaf may not carry extension ${oid}`, {
      expected: `a quote, or an OID below ${ATTESTATION_ARC}`,
      seen: oid,
    });
  }
  if (value.length === 0 || value.length > allowed.maxBytes) {
    throw new CaError('ERR_CA_EXTENSION_VALUE', `${describe(oid)} has a value of the wrong size`, {
      expected: `1 to ${String(allowed.maxBytes)} bytes`,
      seen: `${String(value.length)} bytes`,
    });
  }
  // RA-TLS v1 clients exist that search the certificate for the bytes of an OID: a value that contains some could
  // stand in for another extension.
  if (Buffer.from(value.buffer, value.byteOffset, value.length).includes(ARC_CONTENT)) {
    throw new CaError('ERR_CA_EXTENSION_VALUE', `${describe(oid)} contains an encoded OID`, {
      expected: `no DER of an OID below ${ATTESTATION_ARC}`,
      seen: oid,
    });
  }
  return rank;
}

function checkUnique(requested: readonly ExtensionValue[]): void {
  const oids = requested.map(({ oid }) => oid);
  const twice = oids.find((oid, index) => oids.indexOf(oid) !== index);
  if (twice !== undefined) {
    throw new CaError('ERR_CA_EXTENSION_DUPLICATE', `extension ${twice} is there twice`, {
      expected: 'each OID once',
      seen: twice,
    });
  }
  const evidence = oids.filter((oid) => EVIDENCE_OIDS.includes(oid));
  if (evidence.length > 1) {
    throw new CaError('ERR_CA_EXTENSION_DUPLICATE', 'a leaf carries one quote, not several', {
      expected: `one of ${EVIDENCE_OIDS.join(', ')}`,
      seen: evidence.join(', '),
    });
  }
}

function describe(oid: string): string {
  return `${describeOid(oid)?.name ?? 'extension'} (${oid})`;
}
