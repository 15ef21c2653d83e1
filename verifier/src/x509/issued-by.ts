// SPDX-License-Identifier: Apache-2.0
import { type Certificate, equalBytes, toHex } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { type PublicKey, signedBy } from './public-key.ts';

/** A certificate that may have issued another, with its imported key. */
export interface Issuer {
  readonly what: string;
  readonly certificate: Certificate;
  readonly key: PublicKey;
}

/**
 * Demands that `issuer` issued `certificate`: names chain, key identifiers match, the signature is good.
 *
 * @param what the certificate, for messages
 * @throws VerifierError `ERR_CERT_ISSUER`, `ERR_CERT_KEY_ID`, `ERR_CERT_SIGNATURE`, `ERR_CERT_ALGORITHM`
 */
export async function checkIssuedBy(
  certificate: Certificate,
  issuer: Issuer,
  what: string,
): Promise<void> {
  checkNamesChain(certificate, issuer, what);
  if (await signedBy(certificate, issuer.key, what)) return;
  throw new VerifierError('ERR_CERT_SIGNATURE', `${what} is not signed by ${issuer.what}`);
}

function checkNamesChain(certificate: Certificate, issuer: Issuer, what: string): void {
  // RFC 5280, section 6.1.3 (a)(4). Compared as bytes: a CA writes its name one way.
  if (!equalBytes(certificate.issuer.raw, issuer.certificate.subject.raw)) {
    throw new VerifierError('ERR_CERT_ISSUER', `${what} names another issuer`, {
      expected: issuer.certificate.subject.text,
      seen: certificate.issuer.text,
    });
  }
  // RFC 5280, section 4.2.1.1. AMD's leaves have no key identifier, so absence is no error.
  const wanted = certificate.authorityKeyId;
  const found = issuer.certificate.subjectKeyId;
  if (wanted !== undefined && found !== undefined && !equalBytes(wanted, found)) {
    throw new VerifierError('ERR_CERT_KEY_ID', `${what} names another issuer key`, {
      expected: toHex(found),
      seen: toHex(wanted),
    });
  }
}
