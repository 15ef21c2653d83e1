// SPDX-License-Identifier: Apache-2.0
import type { CertificateFields, CertificateList } from '@proofgate/evidence';
import { refuse } from '../errors.ts';

/** Extensions that every path of ours acts on: keyUsage and basicConstraints. */
const ALWAYS_ENFORCED = ['2.5.29.15', '2.5.29.19'];

/**
 * Demands that every critical extension is one that the caller acts on (RFC 5280, section 4.2).
 *
 * @param enforced OIDs of extensions that this path acts on besides keyUsage and basicConstraints
 * @throws VerifierError `ERR_CERT_CRITICAL_EXTENSION`
 */
export function checkCriticalExtensions(
  { extensions }: Pick<CertificateFields, 'extensions'>,
  what: string,
  enforced: readonly string[] = [],
): void {
  for (const [oid, extension] of extensions) {
    if (extension.critical && ![...ALWAYS_ENFORCED, ...enforced].includes(oid)) {
      refuse('ERR_CERT_CRITICAL_EXTENSION', what, 'known critical extensions', oid);
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
      refuse('ERR_CRL_CRITICAL_EXTENSION', what, 'no critical extension', oid);
    }
  }
}
