// SPDX-License-Identifier: Apache-2.0
import type { AuthorityExtensions } from '@proofgate/evidence';
import { refuse } from '../errors.ts';

/**
 * Demands that a certificate may issue certificates (RFC 5280, section 6.1.4 (k) to (n)).
 *
 * @param casBelow how many CA certificates stand below it in the path
 * @throws VerifierError `ERR_CERT_NOT_A_CA`, `ERR_CERT_KEY_USAGE`, `ERR_CERT_PATH_LENGTH`
 */
export function checkAuthority(
  certificate: AuthorityExtensions,
  what: string,
  casBelow: number,
): void {
  const constraints = certificate.basicConstraints;
  if (constraints?.ca !== true) {
    const seen = constraints === undefined ? 'no basicConstraints' : 'CA false';
    return refuse('ERR_CERT_NOT_A_CA', what, 'CA true', seen);
  }
  checkKeyUsage(certificate, what, 'keyCertSign');
  if (constraints.pathLength !== undefined && casBelow > constraints.pathLength) {
    refuse(
      'ERR_CERT_PATH_LENGTH',
      what,
      `at most ${constraints.pathLength} CAs below`,
      `${casBelow}`,
    );
  }
}

/**
 * Demands that a certificate does not claim to be a CA.
 *
 * @throws VerifierError `ERR_CERT_IS_A_CA`
 */
export function checkEndEntity(certificate: AuthorityExtensions, what: string): void {
  const signs = certificate.keyUsage?.has('keyCertSign') === true;
  if (certificate.basicConstraints?.ca === true || signs) {
    refuse('ERR_CERT_IS_A_CA', what, 'an end entity', signs ? 'keyCertSign' : 'CA true');
  }
}

/** The uses of a key that this package relies on. */
export type RequiredKeyUsage = 'keyCertSign' | 'cRLSign' | 'digitalSignature';

/**
 * Demands one key usage. The extension must be there.
 *
 * @throws VerifierError `ERR_CERT_KEY_USAGE`
 */
export function checkKeyUsage(
  certificate: AuthorityExtensions,
  what: string,
  usage: RequiredKeyUsage,
): void {
  const usages = [...(certificate.keyUsage ?? ['no keyUsage'])];
  if (!usages.includes(usage)) refuse('ERR_CERT_KEY_USAGE', what, usage, usages.join(', '));
}
