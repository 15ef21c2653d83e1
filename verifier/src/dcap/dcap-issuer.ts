// SPDX-License-Identifier: Apache-2.0
import type { AuthorityCertificate } from '@proofgate/evidence';
import { P256 } from '../crypto/ecdsa.ts';
import { type EcCertificateKey, importEcCertificateKey } from '../x509/ec-certificate-key.ts';
import { checkIssuedBy, type Issuer } from '../x509/issued-by.ts';
import { checkRole, type DcapRole, roleName } from './certificate-role.ts';

/** A certificate of Intel's PKI with its key, which is on P-256 (Intel SGX PCK certificate and CRL profile). */
export interface DcapIssuer extends Issuer<EcCertificateKey> {
  readonly certificate: AuthorityCertificate;
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
  return { what, certificate, key: await importEcCertificateKey(certificate, P256, what) };
}

/**
 * Makes an issuer of the root certificate, whose bytes the caller has matched with a trusted one. Its own signature
 * is checked too, so that damage to the pinned bytes shows.
 *
 * @throws VerifierError `ERR_CERT_*`
 */
export async function verifyRoot(root: AuthorityCertificate): Promise<DcapIssuer> {
  // Intel DCAP library, step 4.1.2.5.3.
  checkRole(root, 'root');
  const issuer = await dcapIssuer(root, 'root');
  await checkIssuedBy(root, issuer, issuer.what);
  return issuer;
}

/**
 * Verifies a certificate that stands directly under the root: the PCK CA or the TCB signer. Its dates and the root's
 * revocation list are for the caller to check.
 *
 * @throws VerifierError `ERR_CERT_*`
 */
export async function verifyUnderRoot(
  certificate: AuthorityCertificate,
  role: 'pck-ca' | 'tcb-signer',
  root: DcapIssuer,
): Promise<DcapIssuer> {
  checkRole(certificate, role);
  await checkIssuedBy(certificate, root, roleName(role));
  return dcapIssuer(certificate, role);
}
