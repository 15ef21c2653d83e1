// SPDX-License-Identifier: Apache-2.0
import {
  derBitString,
  derBoolean,
  derContext,
  derEnumerated,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derTime,
} from '../asn1/der-writer.ts';
import { isAllZero } from '../bytes/bytes.ts';
import { EvidenceError } from '../errors.ts';
import type { CertificateExtension } from './extension-writer.ts';
import { SIGNATURE_ALGORITHM, X509_EXTENSION } from './x509-oid.ts';

/** Algorithms with which we sign. */
export type SigningAlgorithm = 'ecdsa-sha256' | 'ecdsa-sha384';

/** Everything in a certificate but the signature. */
export interface TbsCertificate {
  /** Big-endian, positive, at most 20 octets (RFC 5280, section 4.1.2.2). */
  readonly serialNumber: Uint8Array;
  readonly signatureAlgorithm: SigningAlgorithm;
  /** DER of the issuer's Name, byte for byte as in the issuer's certificate. */
  readonly issuer: Uint8Array;
  /** DER of the subject's Name. */
  readonly subject: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** In this order. */
  readonly extensions: readonly CertificateExtension[];
}

/** Everything in a revocation list but the signature. */
export interface TbsCertificateList {
  readonly signatureAlgorithm: SigningAlgorithm;
  /** DER of the issuer's Name. */
  readonly issuer: Uint8Array;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly revoked: readonly RevokedCertificate[];
  readonly extensions: readonly CertificateExtension[];
}

/** One entry of a revocation list. */
export interface RevokedCertificate {
  readonly serialNumber: Uint8Array;
  readonly date: Date;
  /** CRLReason (RFC 5280, section 5.3.1). */
  readonly reason?: number;
}

const VERSION_3 = 2n;
const VERSION_2 = 1n;
const MAX_ISSUED_SERIAL_OCTETS = 20;

/**
 * Writes the part of a certificate that is to be signed.
 *
 * @returns DER of the TBSCertificate
 * @throws EvidenceError `ERR_X509_WRITE`, `ERR_DER_WRITE`
 */
export function encodeTbsCertificate(tbs: TbsCertificate): Uint8Array {
  checkSerial(tbs.serialNumber);
  return derSequence(
    derContext(0, true, derInteger(VERSION_3)),
    derInteger(tbs.serialNumber),
    algorithmIdentifier(tbs.signatureAlgorithm),
    tbs.issuer,
    derSequence(derTime(tbs.notBefore), derTime(tbs.notAfter)),
    tbs.subject,
    tbs.spki,
    ...taggedExtensions(3, tbs.extensions),
  );
}

/**
 * Writes the part of a revocation list that is to be signed.
 *
 * @returns DER of the TBSCertList
 * @throws EvidenceError `ERR_X509_WRITE`, `ERR_DER_WRITE`
 */
export function encodeTbsCertificateList(tbs: TbsCertificateList): Uint8Array {
  // RFC 5280, section 5.1.2.6: an empty list of entries is left out.
  const revoked = tbs.revoked.length === 0 ? [] : [derSequence(...tbs.revoked.map(revokedEntry))];
  return derSequence(
    derInteger(VERSION_2),
    algorithmIdentifier(tbs.signatureAlgorithm),
    tbs.issuer,
    derTime(tbs.thisUpdate),
    derTime(tbs.nextUpdate),
    ...revoked,
    ...taggedExtensions(0, tbs.extensions),
  );
}

/**
 * Puts a signature to its content.
 *
 * @param tbs DER of a TBSCertificate or TBSCertList
 * @param signatureAlgorithm the one that `tbs` names
 * @param signature DER of the ECDSA signature over `tbs`
 * @returns DER of the certificate or revocation list
 * @example
 * ```ts
 * const tbs = encodeTbsCertificate(content);
 * const certificate = assembleSigned(tbs, 'ecdsa-sha256', sign('sha256', tbs, privateKey));
 * ```
 */
export function assembleSigned(
  tbs: Uint8Array,
  signatureAlgorithm: SigningAlgorithm,
  signature: Uint8Array,
): Uint8Array {
  return derSequence(tbs, algorithmIdentifier(signatureAlgorithm), derBitString(signature));
}

function checkSerial(serialNumber: Uint8Array): void {
  const [first = 0] = serialNumber;
  // A first octet of 80 or more needs a sign octet, which counts.
  const octets = serialNumber.length + (first >= 0x80 ? 1 : 0);
  if (isAllZero(serialNumber) || octets > MAX_ISSUED_SERIAL_OCTETS) {
    throw new EvidenceError(
      'ERR_X509_WRITE',
      'serial number is out of range',
      {
        expected: `positive, at most ${MAX_ISSUED_SERIAL_OCTETS} octets with its sign`,
        seen: isAllZero(serialNumber) ? 'zero' : `${octets} octets`,
      },
      'misuse',
    );
  }
}

// RFC 5758, section 3.2: parameters are absent for ECDSA.
function algorithmIdentifier(algorithm: SigningAlgorithm): Uint8Array {
  switch (algorithm) {
    case 'ecdsa-sha256':
      return derSequence(derOid(SIGNATURE_ALGORITHM.ecdsaSha256));
    case 'ecdsa-sha384':
      return derSequence(derOid(SIGNATURE_ALGORITHM.ecdsaSha384));
  }
}

function taggedExtensions(tag: number, extensions: readonly CertificateExtension[]): Uint8Array[] {
  if (extensions.length === 0) return [];
  if (new Set(extensions.map(({ oid }) => oid)).size !== extensions.length) {
    throw new EvidenceError(
      'ERR_X509_WRITE',
      'an extension is given twice',
      {
        expected: 'each extension once',
        seen: extensions.map(({ oid }) => oid).join(', '),
      },
      'misuse',
    );
  }
  return [derContext(tag, true, derSequence(...extensions.map(extensionElement)))];
}

function extensionElement({ oid, critical, value }: CertificateExtension): Uint8Array {
  return derSequence(
    derOid(oid),
    // FALSE is the default and therefore not encoded.
    ...(critical ? [derBoolean(true)] : []),
    derOctetString(value),
  );
}

function revokedEntry({ serialNumber, date, reason }: RevokedCertificate): Uint8Array {
  const extensions =
    reason === undefined
      ? []
      : [
          derSequence(
            extensionElement({
              oid: X509_EXTENSION.crlReason,
              critical: false,
              value: derEnumerated(reason),
            }),
          ),
        ];
  return derSequence(derInteger(serialNumber), derTime(date), ...extensions);
}
