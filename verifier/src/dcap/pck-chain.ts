// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { readChain } from './issuer-chain.ts';

/** The three certificates of a quote, in the order in which they stand there. */
export interface PckChain {
  readonly pck: Certificate;
  readonly ca: Certificate;
  readonly root: Certificate;
}

/**
 * Reads the PCK chain of a quote.
 *
 * @throws VerifierError `ERR_CERT_CHAIN_LENGTH`; EvidenceError when a certificate cannot be parsed
 */
export function readPckChain(pem: string): PckChain {
  const what = 'the quote’s PCK chain';
  const [pck, ca, root] = readChain(pem, 3, what);
  if (pck === undefined || ca === undefined || root === undefined) {
    throw new VerifierError('ERR_CERT_CHAIN_LENGTH', `${what} has the wrong length`);
  }
  return { pck, ca, root };
}
