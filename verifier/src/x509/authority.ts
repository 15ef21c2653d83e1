// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';

/**
 * Demands that a certificate may issue certificates (RFC 5280, section 6.1.4 (k) to (n)).
 *
 * @param casBelow how many CA certificates stand below it in the path
 * @throws VerifierError `ERR_CERT_NOT_A_CA`, `ERR_CERT_KEY_USAGE`, `ERR_CERT_PATH_LENGTH`
 */
export function checkAuthority(certificate: Certificate, what: string, casBelow: number): void {
  const constraints = certificate.basicConstraints;
  if (constraints?.ca !== true) {
    throw new VerifierError('ERR_CERT_NOT_A_CA', `${what} is not a CA certificate`, {
      expected: 'basicConstraints with CA true',
      seen: constraints === undefined ? 'no basicConstraints' : 'CA false',
    });
  }
  checkKeyUsage(certificate, what, 'keyCertSign');
  if (constraints.pathLength !== undefined && casBelow > constraints.pathLength) {
    throw new VerifierError('ERR_CERT_PATH_LENGTH', `${what} stands above too many CAs`, {
      expected: `at most ${constraints.pathLength}`,
      seen: String(casBelow),
    });
  }
}

/**
 * Demands that a certificate does not claim to be a CA.
 *
 * @throws VerifierError `ERR_CERT_IS_A_CA`
 */
export function checkEndEntity(certificate: Certificate, what: string): void {
  const signs = certificate.keyUsage?.has('keyCertSign') === true;
  if (certificate.basicConstraints?.ca === true || signs) {
    throw new VerifierError('ERR_CERT_IS_A_CA', `${what} claims to be a CA`, {
      expected: 'an end-entity certificate',
      seen: signs ? 'keyCertSign' : 'CA true',
    });
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
  certificate: Certificate,
  what: string,
  usage: RequiredKeyUsage,
): void {
  if (certificate.keyUsage?.has(usage) === true) return;
  throw new VerifierError('ERR_CERT_KEY_USAGE', `${what} is not for ${usage}`, {
    expected: usage,
    seen: [...(certificate.keyUsage ?? ['no keyUsage'])].join(', '),
  });
}
