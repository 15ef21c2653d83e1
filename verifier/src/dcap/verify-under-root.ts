// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '@proofgate/evidence';
import { checkIssuedBy, type Issuer } from '../x509/issued-by.ts';
import { importCertificateKey } from '../x509/public-key.ts';
import { checkRole, roleName } from './certificate-role.ts';

/**
 * Verifies a certificate that stands directly under the root: the PCK CA or the TCB signer. Its dates and the root's
 * revocation list are for the caller to check.
 *
 * @throws VerifierError `ERR_CERT_*`
 */
export async function verifyUnderRoot(
  certificate: Certificate,
  role: 'pck-ca' | 'tcb-signer',
  root: Issuer,
): Promise<Issuer> {
  const what = roleName(role);
  checkRole(certificate, role);
  await checkIssuedBy(certificate, root, what);
  return { what, certificate, key: await importCertificateKey(certificate, what) };
}
