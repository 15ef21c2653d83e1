// SPDX-License-Identifier: Apache-2.0
import { type Certificate, decodePem, equalBytes, parseCertificate } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';

/**
 * Reads a PEM chain of a fixed length, leaf first.
 *
 * @param what the chain, for messages
 * @throws VerifierError `ERR_CERT_CHAIN_LENGTH`; EvidenceError when a certificate cannot be parsed
 */
export function readChain(pem: string, length: number, what: string): Certificate[] {
  const blocks = decodePem(pem, 'CERTIFICATE');
  if (blocks.length !== length) {
    throw new VerifierError('ERR_CERT_CHAIN_LENGTH', `${what} has the wrong length`, {
      expected: `${length} certificates`,
      seen: String(blocks.length),
    });
  }
  return blocks.map((der) => parseCertificate(der));
}

/** A certificate with the root that its chain ends at. */
export interface RootedCertificate {
  readonly certificate: Certificate;
  readonly root: Certificate;
}

/**
 * Reads a chain of two: a certificate directly under the root.
 *
 * @throws VerifierError `ERR_CERT_CHAIN_LENGTH`; EvidenceError when a certificate cannot be parsed
 */
export function readRootedCertificate(pem: string, what: string): RootedCertificate {
  const [certificate, root] = readChain(pem, 2, what);
  if (certificate === undefined || root === undefined) {
    throw new VerifierError('ERR_CERT_CHAIN_LENGTH', `${what} has the wrong length`);
  }
  return { certificate, root };
}

/**
 * Demands that two chains end at the same root, byte for byte.
 *
 * @throws VerifierError `ERR_CERT_ROOT_UNTRUSTED`
 */
export function checkSameRoot(root: Certificate, trusted: Certificate, what: string): void {
  if (equalBytes(root.raw, trusted.raw)) return;
  throw new VerifierError('ERR_CERT_ROOT_UNTRUSTED', `${what} ends at another root`, {
    expected: trusted.subject.text,
    seen: root.subject.text,
  });
}
