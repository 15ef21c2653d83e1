// SPDX-License-Identifier: Apache-2.0
import 'reflect-metadata';
import { createPublicKey, verify, webcrypto, type KeyObject } from 'node:crypto';
import { Name, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import {
  derElements,
  derList,
  derOid,
  derSequence,
  parseDer,
  readBitString,
  readRaw,
  readSmallInteger,
  toHex,
} from '@proofgate/evidence';
import { sameBytes } from '../certificates/read-back.ts';
import { CaError } from '../errors.ts';
import { signingScheme } from '../keys/key-type.ts';
import { signingKey } from './signing-key.ts';
import { writeName } from './write-ca-certificate.ts';
import type {} from './web-crypto-types.ts';

/** A P-384 request with a long name takes 400 bytes; nothing in its attributes is used. */
export const MAX_REQUEST_BYTES = 16_384;

/**
 * Reads a certificate request (PKCS #10, RFC 2986) for the only thing that is used of it: a public key whose holder
 * has signed the request. Names and extensions that it asks for are not looked at; the operator says what is issued.
 *
 * The reader is ours and strict: requests come over the network, and the library takes trailing bytes and other
 * encodings of the same values.
 *
 * @param der - exactly one request
 * @returns the key, ECDSA P-256 or P-384
 * @throws CaError `ERR_CA_REQUEST_INVALID`, `ERR_CA_KEY_UNSUPPORTED`
 */
export function readCertificateRequest(der: Uint8Array): KeyObject {
  if (der.length > MAX_REQUEST_BYTES) {
    throw invalid('the certificate request is too large', `${String(der.length)} bytes`);
  }
  const request = parseRequest(der);
  const key = publicKeyOf(request.spki);
  const { hash, signatureOid } = signingScheme(key);
  // RFC 5758, section 3.2: without parameters.
  const algorithm = derSequence(derOid(signatureOid));
  if (!sameBytes(request.algorithm, algorithm)) {
    const message = 'the certificate request is signed in a way that does not fit its key';
    throw invalid(message, `algorithm ${toHex(request.algorithm)}`);
  }
  if (!verify(hash, request.info, key, request.signature)) {
    throw invalid('the certificate request is not signed by its key', 'a wrong signature');
  }
  return key;
}

/** RFC 2986, section 4: the only version there is. */
const VERSION_1 = 0;

/** Identifier octet of the attributes, `[0]`. */
const ATTRIBUTES = 0xa0;

interface RequestParts {
  /** DER of what is signed. */
  readonly info: Uint8Array;
  readonly spki: Uint8Array;
  /** DER of the whole AlgorithmIdentifier. */
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
}

function parseRequest(der: Uint8Array): RequestParts {
  try {
    const [info, algorithm, signature] = derElements(parseDer(der), 3);
    // The subject, and what is wished for, are not used.
    const [version, , spki, attributes] = derElements(info, 3, 4);
    readSmallInteger(version, VERSION_1);
    if (attributes !== undefined) derList(attributes, ATTRIBUTES);
    return {
      info: readRaw(info),
      spki: readRaw(spki),
      algorithm: readRaw(algorithm),
      signature: readBitString(signature),
    };
  } catch (cause) {
    throw invalid('the certificate request cannot be read', 'no strict DER of one', cause);
  }
}

/**
 * Asks for a certificate.
 *
 * @param privateKey - the key that the certificate is for; it signs the request
 * @param commonName - for people; a CA of ours decides names by itself
 * @returns the request as DER
 * @throws CaError `ERR_CA_KEY_UNSUPPORTED`
 */
export async function createCertificateRequest(
  privateKey: KeyObject,
  commonName: string,
): Promise<Uint8Array> {
  const { key, algorithm } = await signingKey(privateKey);
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const publicKey = await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: new Name(writeName(commonName)).toString(),
    keys: { privateKey: key, publicKey },
    signingAlgorithm: algorithm,
  });
  return new Uint8Array(request.rawData);
}

function publicKeyOf(spki: Uint8Array): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch (cause) {
    throw invalid('the certificate request has no usable key', 'an unreadable key', cause);
  }
  signingScheme(key);
  // OpenSSL takes other encodings of a key, such as a compressed point: one key would have several requests.
  if (sameBytes(key.export({ type: 'spki', format: 'der' }), spki)) return key;
  throw invalid('the certificate request has its key in another encoding', 'not the usual one');
}

function invalid(message: string, seen: string, cause?: unknown): CaError {
  return new CaError('ERR_CA_REQUEST_INVALID', message, {
    expected: `one PKCS #10 request of at most ${String(MAX_REQUEST_BYTES)} bytes`,
    seen,
    hint: 'openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout KEY -out REQUEST',
    ...(cause === undefined ? {} : { cause }),
  });
}
