// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Certificate, NameConstraints } from '@proofgate/evidence';
import { certificatePem } from '../certificates/certificate-pem.ts';
import { CaError } from '../errors.ts';
import { signingScheme, type SigningScheme } from '../keys/key-type.ts';
import { checkChain, isSelfSigned } from './check-chain.ts';

/** A CA certificate that passed every check, its key, and what stands above it: all that signing takes. */
export interface Authority {
  readonly certificate: Certificate;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly scheme: SigningScheme;
  /** The CA's own certificate and those above it, as far as they are known. */
  readonly chain: readonly Certificate[];
  /** What goes on the wire behind a leaf, as DER: the chain without self-signed roots. */
  readonly wireChain: readonly Uint8Array[];
  /** The same as PEM text. */
  readonly wireChainPem: string;
  /** From every certificate of the chain that has some. */
  readonly constraints: readonly NameConstraints[];
  /** The earliest end of validity in the chain: nothing that is issued outlives it. */
  readonly notAfter: Date;
}

/**
 * Puts a CA certificate and its key together after checking that they can issue.
 *
 * @param chain - the CA's certificate, then each one that signed the one before it; at least one
 * @param privateKey - the key of the first
 * @param at - the current time
 * @param authoritiesBelow - how many CA certificates will stand between this CA and a leaf
 * @throws CaError for a chain that {@link checkChain} refuses, `ERR_CA_KEY_UNSUPPORTED`, `ERR_CA_KEY_MISMATCH`
 */
export function openAuthority(
  chain: readonly [Certificate, ...Certificate[]],
  privateKey: KeyObject,
  at: Date,
  authoritiesBelow: 0 | 1,
): Authority {
  checkChain(chain, at, authoritiesBelow);
  const [certificate] = chain;
  const scheme = signingScheme(privateKey);
  const publicKey = createPublicKey(privateKey);
  if (!publicKey.equals(subjectPublicKey(certificate))) {
    throw new CaError('ERR_CA_KEY_MISMATCH', 'the private key does not fit the CA certificate', {
      expected: `the key of ${certificate.subject.text}`,
      seen: 'another key',
      hint: 'check that ca_cert and ca_key name files of the same CA, the CA itself first in the file',
    });
  }
  const wireChain = chain.filter((link) => !isSelfSigned(link)).map(({ raw }) => raw);
  return {
    certificate,
    privateKey,
    publicKey,
    scheme,
    chain,
    wireChain,
    wireChainPem: wireChain.map(certificatePem).join(''),
    constraints: chain.flatMap(({ nameConstraints }) => nameConstraints ?? []),
    notAfter: new Date(Math.min(...chain.map(({ notAfter }) => notAfter.getTime()))),
  };
}

/** The public key in a certificate, as OpenSSL reads it. */
function subjectPublicKey({ spki }: Certificate): KeyObject {
  return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
}
