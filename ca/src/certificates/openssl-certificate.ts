// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto';
import { certificatePem } from './certificate-pem.ts';

/**
 * A certificate as OpenSSL reads it.
 *
 * Goes through PEM: Node looks for a PEM block in whatever `X509Certificate` is given before it tries DER, and
 * finds one inside a leaf whose quote carries its PCK certificates as PEM. It would then answer for those.
 *
 * @param der - the certificate
 * @throws Error of OpenSSL
 */
export function opensslCertificate(der: Uint8Array): X509Certificate {
  return new X509Certificate(certificatePem(der));
}
