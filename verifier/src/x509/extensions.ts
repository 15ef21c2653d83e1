// SPDX-License-Identifier: Apache-2.0
import { type Certificate, type CertificateList, X509_EXTENSION } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';

/** Extensions that the path rules of this package act on. */
const ENFORCED: ReadonlySet<string> = new Set([
  X509_EXTENSION.keyUsage,
  X509_EXTENSION.subjectAltName,
  X509_EXTENSION.basicConstraints,
  X509_EXTENSION.nameConstraints,
  X509_EXTENSION.extKeyUsage,
]);

/**
 * Demands that every critical extension is one we act on (RFC 5280, section 4.2).
 *
 * @throws VerifierError `ERR_CERT_CRITICAL_EXTENSION`
 */
export function checkCriticalExtensions(certificate: Certificate, what: string): void {
  for (const [oid, extension] of certificate.extensions) {
    if (extension.critical && !ENFORCED.has(oid)) {
      throw new VerifierError(
        'ERR_CERT_CRITICAL_EXTENSION',
        `${what} has an unknown critical extension`,
        { expected: 'critical extensions we enforce', seen: oid },
      );
    }
  }
}

/**
 * Demands that a revocation list has no critical extension. The two standard ones (issuing distribution point, delta
 * indicator) would make it a partial list, which must not pass for a whole one.
 *
 * @throws VerifierError `ERR_CRL_CRITICAL_EXTENSION`
 */
export function checkCriticalListExtensions(list: CertificateList, what: string): void {
  for (const [oid, extension] of list.extensions) {
    if (extension.critical) {
      throw new VerifierError('ERR_CRL_CRITICAL_EXTENSION', `${what} has a critical extension`, {
        expected: 'a complete list without critical extensions',
        seen: oid,
      });
    }
  }
}
