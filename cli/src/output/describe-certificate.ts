// SPDX-License-Identifier: Apache-2.0
import {
  describeOid,
  fromUtf8,
  readAttestationExtensions,
  sha256,
  toHex,
  type Certificate,
  type ExtensionValue,
  type NameSubtrees,
} from '@proofgate/evidence';

/** A certificate as data, for `--json` and for tables. Times are ISO 8601, bytes are hex, texts are as found. */
export interface CertificateDescription {
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly sha256: string;
  readonly spkiSha256: string;
  readonly ca: boolean;
  readonly pathLength?: number;
  readonly names: readonly string[];
  readonly permitted: readonly string[];
  readonly excluded: readonly string[];
  /** Kind of the evidence in it, if there is any. */
  readonly evidence?: string;
  readonly extensions: readonly ExtensionDescription[];
}

/** One configuration value of a leaf. */
export interface ExtensionDescription {
  readonly oid: string;
  readonly name: string;
  /** Text for text values, hex for all others. */
  readonly value: string;
}

/** A certificate in words and numbers. Says what is written in it, never that it is true. */
export function describeCertificate(certificate: Certificate): CertificateDescription {
  const { basicConstraints, subjectAltName, nameConstraints } = certificate;
  const attestation = readAttestationExtensions(certificate);
  return {
    subject: certificate.subject.text,
    issuer: certificate.issuer.text,
    serialNumber: toHex(certificate.serialNumber),
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    sha256: toHex(sha256(certificate.raw)),
    spkiSha256: toHex(sha256(certificate.spki)),
    ca: basicConstraints?.ca ?? false,
    ...(basicConstraints?.pathLength === undefined
      ? {}
      : { pathLength: basicConstraints.pathLength }),
    names: [...(subjectAltName?.dns ?? []), ...(subjectAltName?.ip ?? []).map(formatAddress)],
    permitted: describeSubtrees(nameConstraints?.permitted),
    excluded: describeSubtrees(nameConstraints?.excluded),
    ...(attestation.quote === undefined ? {} : { evidence: attestation.quote.kind }),
    extensions: attestation.values.map(describeExtension),
  };
}

function describeExtension({ oid, value }: ExtensionValue): ExtensionDescription {
  const known = describeOid(oid);
  return {
    oid,
    name: known?.name ?? 'unknown',
    value: known?.encoding === 'text' ? readableText(value) : toHex(value),
  };
}

function readableText(value: Uint8Array): string {
  try {
    return fromUtf8(value);
  } catch {
    return toHex(value);
  }
}

function describeSubtrees(subtrees: NameSubtrees | undefined): string[] {
  if (subtrees === undefined) return [];
  return [...subtrees.dns, ...subtrees.ip.map(formatRange)];
}

function formatRange(addressAndMask: Uint8Array): string {
  const half = addressAndMask.length / 2;
  const ones = [...addressAndMask.subarray(half)]
    .map((byte) => byte.toString(2).replaceAll('0', '').length)
    .reduce((sum, bits) => sum + bits, 0);
  return `${formatAddress(addressAndMask.subarray(0, half))}/${String(ones)}`;
}

/** An address of 4 or 16 bytes as text; IPv6 groups are not abbreviated. */
function formatAddress(address: Uint8Array): string {
  if (address.length === 4) return [...address].join('.');
  return (toHex(address).match(/.{4}/gu) ?? [])
    .map((group) => group.replace(/^0{1,3}/u, ''))
    .join(':');
}
