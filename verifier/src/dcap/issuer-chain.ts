// SPDX-License-Identifier: Apache-2.0
import {
  type AuthorityCertificate,
  type CertificateFields,
  decodePem,
  equalBytes,
  parseAuthorityCertificate,
} from '@proofgate/evidence';
import { refuse } from '../errors.ts';

/** A certificate and the root that issued it. */
export type RootedCertificate = readonly [
  certificate: AuthorityCertificate,
  root: AuthorityCertificate,
];

/** The three certificates of a quote, in the order in which they stand there. */
export type PckChain = readonly [
  pck: AuthorityCertificate,
  ca: AuthorityCertificate,
  root: AuthorityCertificate,
];

/**
 * Reads a PEM chain of a fixed length, leaf first.
 *
 * @param what the chain, for messages
 * @param known certificates that have been parsed before, which the chain may contain as well
 * @throws VerifierError `ERR_CERT_CHAIN_LENGTH`; EvidenceError when a certificate cannot be parsed
 */
export function readChain<Chain extends RootedCertificate | PckChain>(
  pem: string,
  length: Chain['length'],
  what: string,
  known: readonly AuthorityCertificate[] = [],
): Chain {
  const blocks = decodePem(pem, 'CERTIFICATE');
  if (blocks.length !== length) {
    refuse('ERR_CERT_CHAIN_LENGTH', what, `${length} certificates`, `${blocks.length}`);
  }
  const chain = blocks.map(
    (der) => known.find(({ raw }) => equalBytes(raw, der)) ?? parseAuthorityCertificate(der),
  );
  // Sound: the length, in which the kinds of chains differ, has been checked.
  return chain as unknown as Chain;
}

/**
 * Demands that two chains end at the same root, byte for byte.
 *
 * @throws VerifierError `ERR_CERT_ROOT_UNTRUSTED`
 */
export function checkSameRoot(
  root: CertificateFields,
  trusted: CertificateFields,
  what: string,
): void {
  if (equalBytes(root.raw, trusted.raw)) return;
  refuse('ERR_CERT_ROOT_UNTRUSTED', what, `ends at ${trusted.subject.text}`, root.subject.text);
}
