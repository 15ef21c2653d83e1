// SPDX-License-Identifier: Apache-2.0
import {
  type AuthorityExtensions,
  type CertificateFields,
  equalBytes,
  type Name,
} from '@proofgate/evidence';
import { demandBytes, refuse, type RejectionCode } from '../errors.ts';
import type { CertificateKey } from './certificate-key.ts';

/** A certificate of a path, as far as path rules look at it. */
export type PathCertificate = CertificateFields & AuthorityExtensions;

/** A certificate that may have issued another, with its imported key. */
export interface Issuer<Key extends CertificateKey = CertificateKey> {
  readonly what: string;
  readonly certificate: PathCertificate;
  readonly key: Key;
}

/**
 * Demands that `issuer` issued `certificate`: names chain, key identifiers match, the signature is good.
 *
 * @param what the certificate, for messages
 * @throws VerifierError `ERR_CERT_ISSUER`, `ERR_CERT_KEY_ID`, `ERR_CERT_SIGNATURE`, `ERR_CERT_ALGORITHM`
 */
export async function checkIssuedBy(
  certificate: PathCertificate,
  issuer: Issuer,
  what: string,
): Promise<void> {
  const { subject, subjectKeyId } = issuer.certificate;
  // RFC 5280, section 6.1.3 (a)(4).
  demandIssuer('ERR_CERT_ISSUER', what, subject, certificate.issuer);
  // RFC 5280, section 4.2.1.1. AMD's leaves have no key identifier, so absence is no error.
  const { authorityKeyId } = certificate;
  if (authorityKeyId !== undefined && subjectKeyId !== undefined) {
    demandBytes('ERR_CERT_KEY_ID', what, subjectKeyId, authorityKeyId);
  }
  if (await issuer.key.signed(certificate, what)) return;
  refuse('ERR_CERT_SIGNATURE', what, `signed by ${issuer.what}`);
}

/** Demands that an issuer has the expected name. Compared as bytes: a CA writes its name one way. */
export function demandIssuer(code: RejectionCode, what: string, expected: Name, seen: Name): void {
  if (!equalBytes(expected.raw, seen.raw)) {
    refuse(code, what, `issued by ${expected.text}`, seen.text);
  }
}
