// SPDX-License-Identifier: Apache-2.0
import { ASCII_TEXT } from '../asn1/der-text.ts';
import {
  derBoolean,
  derContext,
  derInteger,
  derNamedBits,
  derOctetString,
  derOid,
  derSequence,
} from '../asn1/der-writer.ts';
import { concatBytes } from '../bytes/bytes.ts';
import { utf8 } from '../bytes/utf8.ts';
import { EvidenceError } from '../errors.ts';
import type { Extension } from './extension-list.ts';
import { KEY_USAGE_BITS, type KeyUsage } from './authority-extensions.ts';
import { X509_EXTENSION } from './x509-oid.ts';

/** An extension, ready to be put into a certificate or revocation list. */
export interface CertificateExtension extends Extension {
  readonly oid: string;
}

/** Names to write into subjectAltName; at least one. */
export interface AltNames {
  readonly dns?: readonly string[];
  /** 4 or 16 bytes each. */
  readonly ip?: readonly Uint8Array[];
}

/** One side of name constraints to write. */
export interface Subtrees {
  readonly dns?: readonly string[];
  /** Address and mask: 8 or 32 bytes each. */
  readonly ip?: readonly Uint8Array[];
}

const DNS_NAME = 2;
const URI = 6;
const IP_ADDRESS = 7;

/** basicConstraints, critical (RFC 5280, section 4.2.1.9). */
export function basicConstraintsExtension(constraints: {
  readonly ca: boolean;
  readonly pathLength?: number | undefined;
}): CertificateExtension {
  const { ca, pathLength } = constraints;
  if (!ca && pathLength !== undefined) throw refused('a path length needs a CA');
  const content = [
    // FALSE is the default and therefore not encoded.
    ...(ca ? [derBoolean(true)] : []),
    ...(pathLength === undefined ? [] : [derInteger(BigInt(pathLength))]),
  ];
  return critical(X509_EXTENSION.basicConstraints, derSequence(...content));
}

/** keyUsage, critical (RFC 5280, section 4.2.1.3). */
export function keyUsageExtension(usages: readonly KeyUsage[]): CertificateExtension {
  if (usages.length === 0) throw refused('keyUsage has to allow something');
  const bits = usages.map((usage) => KEY_USAGE_BITS.indexOf(usage));
  return critical(X509_EXTENSION.keyUsage, derNamedBits(bits));
}

/**
 * extKeyUsage, not critical (RFC 5280, section 4.2.1.12). Takes OIDs, such as those of
 * `KEY_PURPOSE`.
 */
export function extKeyUsageExtension(purposes: readonly string[]): CertificateExtension {
  if (purposes.length === 0) throw refused('extKeyUsage has to name a purpose');
  return optional(X509_EXTENSION.extKeyUsage, derSequence(...purposes.map(derOid)));
}

/**
 * subjectAltName, not critical, because our certificates have a subject (RFC 5280, section
 * 4.2.1.6).
 */
export function subjectAltNameExtension(names: AltNames): CertificateExtension {
  const encoded = generalNames(names, [4, 16]);
  if (encoded.length === 0) throw refused('subjectAltName has to name something');
  return optional(X509_EXTENSION.subjectAltName, derSequence(...encoded));
}

/** subjectKeyIdentifier, not critical (RFC 5280, section 4.2.1.2). */
export function subjectKeyIdExtension(keyId: Uint8Array): CertificateExtension {
  return optional(X509_EXTENSION.subjectKeyId, derOctetString(keyId));
}

/** authorityKeyIdentifier, not critical (RFC 5280, section 4.2.1.1). */
export function authorityKeyIdExtension(keyId: Uint8Array): CertificateExtension {
  return optional(X509_EXTENSION.authorityKeyId, derSequence(derContext(0, false, keyId)));
}

/**
 * nameConstraints, critical (RFC 5280, section 4.2.1.10). A DNS subtree without leading dot covers
 * the name itself.
 */
export function nameConstraintsExtension(constraints: {
  readonly permitted?: Subtrees;
  readonly excluded?: Subtrees;
}): CertificateExtension {
  const sides = [
    ...subtrees(0, constraints.permitted ?? {}),
    ...subtrees(1, constraints.excluded ?? {}),
  ];
  if (sides.length === 0) throw refused('nameConstraints has to constrain something');
  return critical(X509_EXTENSION.nameConstraints, derSequence(...sides));
}

/** cRLNumber, not critical (RFC 5280, section 5.2.3). */
export function crlNumberExtension(number: bigint): CertificateExtension {
  if (number < 0n) throw refused('cRLNumber is not negative');
  return optional(X509_EXTENSION.crlNumber, derInteger(number));
}

/**
 * cRLDistributionPoints, not critical, one distribution point a URL (RFC 5280, section 4.2.1.13).
 */
export function crlDistributionPointsExtension(urls: readonly string[]): CertificateExtension {
  if (urls.length === 0) throw refused('cRLDistributionPoints has to name a URL');
  const points = urls.map((url) => {
    const fullName = derContext(0, true, ascii(URI, url));
    return derSequence(derContext(0, true, fullName));
  });
  return optional(X509_EXTENSION.crlDistributionPoints, derSequence(...points));
}

function subtrees(side: 0 | 1, names: Subtrees): Uint8Array[] {
  const bases = generalNames(names, [8, 32]).map((name) => derSequence(name));
  return bases.length === 0 ? [] : [derContext(side, true, concatBytes(...bases))];
}

function generalNames(names: AltNames, addressSizes: readonly number[]): Uint8Array[] {
  const { dns = [], ip = [] } = names;
  const wrong = ip.find((address) => !addressSizes.includes(address.length));
  if (wrong !== undefined) {
    throw refused(`an IP entry has ${addressSizes.join(' or ')} bytes, not ${wrong.length}`);
  }
  return [
    ...dns.map((name) => ascii(DNS_NAME, name)),
    ...ip.map((address) => derContext(IP_ADDRESS, false, address)),
  ];
}

function ascii(tag: number, text: string): Uint8Array {
  // The reader refuses the same characters, so nothing is written here that could not be read
  // again.
  if (text === '' || !ASCII_TEXT.test(text) || /[\s\p{Cc}]/u.test(text)) {
    throw refused(`${JSON.stringify(text)} is empty, not ASCII, or has spaces in it`);
  }
  return derContext(tag, false, utf8(text));
}

function critical(oid: string, value: Uint8Array): CertificateExtension {
  return { oid, critical: true, value };
}

function optional(oid: string, value: Uint8Array): CertificateExtension {
  return { oid, critical: false, value };
}

function refused(reason: string): EvidenceError {
  return new EvidenceError(
    'ERR_X509_WRITE',
    `extension cannot be written: ${reason}`,
    {},
    'misuse',
  );
}
