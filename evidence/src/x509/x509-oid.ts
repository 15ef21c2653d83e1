// SPDX-License-Identifier: Apache-2.0

/** Certificate and CRL extensions that we read and write (RFC 5280, sections 4.2, 5.2 and 5.3). */
export const X509_EXTENSION = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  crlReason: '2.5.29.21',
  invalidityDate: '2.5.29.24',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  authorityKeyId: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
} as const;

/** Purposes of an extended key usage extension (RFC 5280, section 4.2.1.12). */
export const KEY_PURPOSE = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** Public key algorithms (RFC 5480, section 2.1.1; RFC 8017, appendix C; RFC 8410, section 3). */
export const KEY_ALGORITHM = {
  ec: '1.2.840.10045.2.1',
  rsa: '1.2.840.113549.1.1.1',
  ed25519: '1.3.101.112',
} as const;

/** Named curves (RFC 5480, section 2.1.1.1). */
export const CURVE = {
  p256: '1.2.840.10045.3.1.7',
  p384: '1.3.132.0.34',
} as const;

/** Signature algorithms (RFC 5758, section 3.2; RFC 8017, appendix C). */
export const SIGNATURE_ALGORITHM = {
  ecdsaSha256: '1.2.840.10045.4.3.2',
  ecdsaSha384: '1.2.840.10045.4.3.3',
  rsaPss: '1.2.840.113549.1.1.10',
} as const;

/**
 * Attribute types of a distinguished name, with the short names of RFC 4514, section 3, and
 * OpenSSL.
 */
export const NAME_ATTRIBUTE = {
  commonName: '2.5.4.3',
  country: '2.5.4.6',
  locality: '2.5.4.7',
  state: '2.5.4.8',
  organization: '2.5.4.10',
  organizationalUnit: '2.5.4.11',
} as const;
