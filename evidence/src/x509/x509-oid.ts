// SPDX-License-Identifier: Apache-2.0

// Constants of their own, so that a bundle has those alone that it uses; the tables below are for everyone else.

// Extensions of certificates and revocation lists (RFC 5280, sections 4.2, 5.2 and 5.3).
export const SUBJECT_KEY_ID = '2.5.29.14';
export const KEY_USAGE = '2.5.29.15';
export const SUBJECT_ALT_NAME = '2.5.29.17';
export const BASIC_CONSTRAINTS = '2.5.29.19';
export const CRL_NUMBER = '2.5.29.20';
export const CRL_REASON = '2.5.29.21';
export const INVALIDITY_DATE = '2.5.29.24';
export const NAME_CONSTRAINTS = '2.5.29.30';
export const AUTHORITY_KEY_ID = '2.5.29.35';
export const EXT_KEY_USAGE = '2.5.29.37';

// Public key algorithms and curves (RFC 5480, section 2.1.1; RFC 8017, appendix C; RFC 8410, section 3).
export const EC_KEY = '1.2.840.10045.2.1';
export const RSA_KEY = '1.2.840.113549.1.1.1';
export const ED25519_KEY = '1.3.101.112';
export const P256 = '1.2.840.10045.3.1.7';
export const P384 = '1.3.132.0.34';

// Attributes of names (RFC 5280, appendix A.1).
export const COMMON_NAME = '2.5.4.3';
export const COUNTRY = '2.5.4.6';
export const LOCALITY = '2.5.4.7';
export const STATE = '2.5.4.8';
export const ORGANIZATION = '2.5.4.10';
export const ORGANIZATIONAL_UNIT = '2.5.4.11';

/** Certificate and CRL extensions that we read and write, by name. */
export type X509ExtensionName =
  | 'subjectKeyId'
  | 'keyUsage'
  | 'subjectAltName'
  | 'basicConstraints'
  | 'crlNumber'
  | 'crlReason'
  | 'invalidityDate'
  | 'nameConstraints'
  | 'crlDistributionPoints'
  | 'authorityKeyId'
  | 'extKeyUsage';

/** OIDs of certificate and CRL extensions. */
export const X509_EXTENSION: Readonly<Record<X509ExtensionName, string>> = {
  subjectKeyId: SUBJECT_KEY_ID,
  keyUsage: KEY_USAGE,
  subjectAltName: SUBJECT_ALT_NAME,
  basicConstraints: BASIC_CONSTRAINTS,
  crlNumber: CRL_NUMBER,
  crlReason: CRL_REASON,
  invalidityDate: INVALIDITY_DATE,
  nameConstraints: NAME_CONSTRAINTS,
  crlDistributionPoints: '2.5.29.31',
  authorityKeyId: AUTHORITY_KEY_ID,
  extKeyUsage: EXT_KEY_USAGE,
};

/** Purposes of an extended key usage extension (RFC 5280, section 4.2.1.12). */
export const KEY_PURPOSE = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** Signature algorithms (RFC 5758, section 3.2; RFC 8017, appendix C). */
export const SIGNATURE_ALGORITHM = {
  ecdsaSha256: '1.2.840.10045.4.3.2',
  ecdsaSha384: '1.2.840.10045.4.3.3',
  rsaPss: '1.2.840.113549.1.1.10',
} as const;

/** Attributes of a distinguished name that we show and write by name. */
export type NameAttribute =
  'commonName' | 'country' | 'locality' | 'state' | 'organization' | 'organizationalUnit';

/**
 * Attribute types of a distinguished name, with the short names of RFC 4514, section 3, and
 * OpenSSL.
 */
export const NAME_ATTRIBUTE: Readonly<Record<NameAttribute, string>> = {
  commonName: COMMON_NAME,
  country: COUNTRY,
  locality: LOCALITY,
  state: STATE,
  organization: ORGANIZATION,
  organizationalUnit: ORGANIZATIONAL_UNIT,
};
