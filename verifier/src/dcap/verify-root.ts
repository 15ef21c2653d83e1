// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '@proofgate/evidence';
import { checkIssuedBy, type Issuer } from '../x509/issued-by.ts';
import { importCertificateKey } from '../x509/public-key.ts';
import { checkRole, roleName } from './certificate-role.ts';

/**
 * Makes an issuer of the root certificate, whose bytes the caller has matched with a trusted one. Its own signature
 * is checked too, so that damage to the pinned bytes shows.
 *
 * @throws VerifierError `ERR_CERT_*`
 */
export async function verifyRoot(root: Certificate): Promise<Issuer> {
  // Intel DCAP library, step 4.1.2.5.3.
  const what = roleName('root');
  checkRole(root, 'root');
  const issuer = { what, certificate: root, key: await importCertificateKey(root, what) };
  await checkIssuedBy(root, issuer, what);
  return issuer;
}
