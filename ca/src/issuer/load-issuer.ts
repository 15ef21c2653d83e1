// SPDX-License-Identifier: Apache-2.0
import { copyBytes, decodePem, parseCertificate, type Certificate } from '@proofgate/evidence';
import { CaError } from '../errors.ts';
import { readPrivateKey, type Passphrase } from '../keys/private-key-pem.ts';
import { issueLeaf, type IssuedLeaf } from '../leaves/issue-leaf.ts';
import type { LeafRequest } from '../leaves/leaf-request.ts';
import { openAuthority } from './authority.ts';

/** A CA certificate of ours takes about 700 bytes; RSA parents and many constraints stay far below this. */
const MAX_CERTIFICATE_FILE_CHARACTERS = 131_072;

/** Operators have a root and an intermediary; a fleet may put one or two levels between. */
const MAX_CHAIN_LENGTH = 8;

/** An issuer's files, read by the caller, which also checks that the key file is private. */
export interface IssuerFiles {
  /** The issuing CA first, then the CAs above it; the root may be left out. */
  readonly certificatePem: string;
  /** PKCS#8, encrypted PKCS#8 or SEC1. */
  readonly privateKeyPem: string;
  /** Needed exactly when the key is encrypted; never taken from the command line. */
  readonly passphrase?: Passphrase;
  /** The current time. */
  readonly at: Date;
}

/** A CA that can issue leaves. */
export interface Issuer {
  readonly certificate: Certificate;
  /** What goes on the wire behind a leaf, as DER: this CA and those above it, without self-signed roots. */
  readonly chain: readonly Uint8Array[];
  /** The earliest end of validity in the chain: no leaf outlives it. */
  readonly notAfter: Date;
  /**
   * Issues one leaf, which was read back and compared with the request before it is returned.
   *
   * @param request - what the leaf is to say
   * @throws CaError with the code of what is refused: names, validity, key, extensions, size
   */
  issueLeaf(request: LeafRequest): IssuedLeaf;
}

/**
 * Loads an operator's CA and refuses one that cannot issue valid leaves.
 *
 * @param files - certificate chain, key and, for an encrypted key, the passphrase
 * @throws CaError `ERR_CA_CERTIFICATE_UNREADABLE`, `ERR_CA_KEY_UNREADABLE`, `ERR_CA_PASSPHRASE_MISSING`,
 *   `ERR_CA_PASSPHRASE_WRONG`, `ERR_CA_KEY_UNSUPPORTED`, `ERR_CA_KEY_MISMATCH`, `ERR_CA_NOT_A_CA`,
 *   `ERR_CA_KEY_USAGE`, `ERR_CA_CRITICAL_EXTENSION`, `ERR_CA_CONSTRAINTS`, `ERR_CA_NOT_YET_VALID`,
 *   `ERR_CA_EXPIRED`, `ERR_CA_PATH_LENGTH`, `ERR_CA_CHAIN_BROKEN`
 */
export function loadIssuer({ certificatePem, privateKeyPem, passphrase, at }: IssuerFiles): Issuer {
  const chain = readChain(certificatePem);
  const privateKey = readPrivateKey(privateKeyPem, passphrase);
  const authority = openAuthority(chain, privateKey, at, 0);
  return {
    certificate: authority.certificate,
    chain: authority.wireChain.map(copyBytes),
    notAfter: authority.notAfter,
    issueLeaf: (request) => issueLeaf(authority, request),
  };
}

function readChain(pem: string): [Certificate, ...Certificate[]] {
  if (pem.length > MAX_CERTIFICATE_FILE_CHARACTERS) {
    throw unreadable(`the CA certificate file has ${String(pem.length)} characters`);
  }
  let chain: Certificate[];
  try {
    chain = decodePem(pem, 'CERTIFICATE').map((der) => parseCertificate(der));
  } catch (cause) {
    throw unreadable('the CA certificate file cannot be read', cause);
  }
  const [issuer, ...above] = chain;
  if (issuer === undefined || chain.length > MAX_CHAIN_LENGTH) {
    throw unreadable(`the CA certificate file holds ${String(chain.length)} certificates`);
  }
  return [issuer, ...above];
}

function unreadable(message: string, cause?: unknown): CaError {
  return new CaError('ERR_CA_CERTIFICATE_UNREADABLE', message, {
    expected: `1 to ${String(MAX_CHAIN_LENGTH)} blocks of BEGIN CERTIFICATE`,
    ...(cause === undefined ? {} : { cause }),
  });
}
