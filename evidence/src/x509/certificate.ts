// SPDX-License-Identifier: Apache-2.0
import { type DerElement, derElements } from '../asn1/der-element.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { CONTEXT_CONSTRUCTED } from '../asn1/der-tag.ts';
import { readRaw, readSmallInteger, readTime } from '../asn1/der-values.ts';
import { AUTHORITY_EXTENSIONS, type AuthorityExtensions } from './authority-extensions.ts';
import { type Extensions, readTaggedExtensions } from './extension-list.ts';
import { type ExtensionReaders, readKnownExtensions } from './known-extensions.ts';
import { readName, type Name } from './name.ts';
import {
  type P256PublicKey,
  parseP256PublicKey,
  parsePublicKey,
  type PublicKey,
  type UnknownPublicKey,
} from './public-key.ts';
import {
  parseSigned,
  readSerialNumber,
  type SignedKind,
  type SignedStructure,
} from './signed-structure.ts';
import { STANDARD_EXTENSIONS, type StandardExtensions } from './standard-extensions.ts';

/**
 * Largest certificate. A leaf with a quote has 6 to 10 KiB; TLS stacks stop at 60 to 100 KiB for
 * the whole chain, so a larger certificate could not be presented anyway.
 */
export const MAX_CERTIFICATE_BYTES: number = 64 * 1024;

/** What every X.509 v3 certificate has (RFC 5280, section 4.1). Nothing in it has been verified. */
export interface CertificateFields extends SignedStructure {
  readonly version: 3;
  /** Content octets of the INTEGER; not negative, may be zero. */
  readonly serialNumber: Uint8Array;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER of the whole SubjectPublicKeyInfo: what report data is computed over. */
  readonly spki: Uint8Array;
  /** Every extension, also those that are read into members of the certificate. */
  readonly extensions: Extensions;
}

declare const wholly: unique symbol;

/** An X.509 v3 certificate, wholly read. Nothing in it has been verified. */
export interface Certificate extends CertificateFields, StandardExtensions {
  readonly publicKey: PublicKey;
  /** At compile time only: a certificate whose name constraints were not read must not pass for one without any. */
  readonly [wholly]: true;
}

/**
 * A certificate of a TEE vendor's PKI, of which the names and purposes of TLS were not read. A verifier refuses it
 * when such an extension is critical.
 */
export interface AuthorityCertificate extends CertificateFields, AuthorityExtensions {
  readonly publicKey: P256PublicKey | UnknownPublicKey;
}

const KIND: SignedKind = {
  what: 'certificate',
  maxBytes: MAX_CERTIFICATE_BYTES,
  tooLarge: 'ERR_CERT_TOO_LARGE',
  invalid: 'ERR_CERT_INVALID',
};

const VERSION_3 = 2;

/**
 * Reads an X.509 v3 certificate.
 *
 * @param der exactly one certificate
 * @throws EvidenceError `ERR_CERT_TOO_LARGE`, `ERR_CERT_INVALID`, `ERR_CERT_SERIAL`,
 * `ERR_CERT_DUPLICATE_EXTENSION`
 * @example
 * ```ts
 * const [leaf] = decodePem(pem, 'CERTIFICATE').map(parseCertificate);
 * ```
 */
export function parseCertificate(der: Uint8Array): Certificate {
  // Sound: the brand says that all standard extensions have been read.
  return parseWith(der, parsePublicKey, STANDARD_EXTENSIONS) as Certificate;
}

/**
 * Reads as much of an X.509 v3 certificate as a PKI without TLS and RSA needs, with less code than
 * {@link parseCertificate}.
 *
 * @param der exactly one certificate
 * @throws EvidenceError `ERR_CERT_TOO_LARGE`, `ERR_CERT_INVALID`, `ERR_CERT_SERIAL`,
 * `ERR_CERT_DUPLICATE_EXTENSION`
 */
export function parseAuthorityCertificate(der: Uint8Array): AuthorityCertificate {
  return parseWith(der, parseP256PublicKey, AUTHORITY_EXTENSIONS);
}

function parseWith<Key, Members extends object>(
  der: Uint8Array,
  parseKey: (spki: Uint8Array) => Key,
  readers: ExtensionReaders<Members>,
): CertificateFields & Members & { readonly publicKey: Key } {
  return parseSigned(der, KIND, (tbs) => {
    const [algorithm, fields] = readTbs(tbs);
    const content = {
      ...fields,
      publicKey: parseKey(fields.spki),
      ...readKnownExtensions(fields.extensions, readers),
    };
    return [algorithm, content];
  });
}

function readTbs(
  tbs: DerElement | undefined,
): [DerElement | undefined, Omit<CertificateFields, keyof SignedStructure>] {
  // RFC 5280, section 4.1.2.8: unique identifiers MUST NOT be generated, so [1] and [2] are too many elements, or stand in
  // for the extensions.
  const [version, serial, algorithm, issuer, validity, subject, spki, extensions] = derElements(
    tbs,
    7,
    8,
  );
  const [number] = derElements(version, 1, 1, CONTEXT_CONSTRUCTED);
  if (readSmallInteger(number, VERSION_3) !== VERSION_3) throw derInvalid('version', '3');
  const [notBefore, notAfter] = derElements(validity, 2);
  const fields = {
    version: 3,
    serialNumber: readSerialNumber(serial),
    issuer: readName(issuer),
    subject: readName(subject),
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    spki: readRaw(spki),
    extensions: readTaggedExtensions(extensions, 3),
  } as const;
  return [algorithm, fields];
}
