// SPDX-License-Identifier: Apache-2.0
import type { AuthorityCertificate } from '@proofgate/evidence';
import { P256 } from '../crypto/ecdsa.ts';
import { type EcCertificateKey, importEcCertificateKey } from '../x509/ec-certificate-key.ts';
import { checkIssuedBy, type Issuer } from '../x509/issued-by.ts';
import { checkRole, type DcapRole, roleName } from './certificate-role.ts';

/** A certificate of Intel's PKI with its key, which is on P-256 (Intel SGX PCK certificate and CRL profile). */
export interface DcapIssuer extends Issuer<EcCertificateKey> {
  readonly certificate: AuthorityCertificate;
  readonly role: DcapRole;
}

/**
 * Imports the key of a certificate of Intel's PKI, and verifies nothing.
 *
 * @throws VerifierError `ERR_CERT_ALGORITHM`
 */
export async function dcapIssuer(
  certificate: AuthorityCertificate,
  role: DcapRole,
): Promise<DcapIssuer> {
  const what = roleName(role);
  return { what, certificate, role, key: await importEcCertificateKey(certificate, P256, what) };
}

/**
 * Verifies that a certificate suits its role and was issued by `authority`. Its dates and the revocation list are for
 * the caller to check.
 *
 * @param authority for the root, whose bytes the caller matches with a trusted one, it is the root itself: damage to the
 * pinned bytes shows
 * @throws VerifierError `ERR_CERT_*`
 */
export async function verifyDcapIssuer(
  { certificate, role, what }: DcapIssuer,
  authority: DcapIssuer,
): Promise<void> {
  // Intel DCAP library, step 4.1.2.5.3.
  checkRole(certificate, role);
  await checkIssuedBy(certificate, authority, what);
}
