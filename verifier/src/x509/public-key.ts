// SPDX-License-Identifier: Apache-2.0
import {
  type Certificate,
  ecdsaSignatureToRaw,
  EvidenceError,
  SIGNATURE_ALGORITHM,
} from '@proofgate/evidence';
import {
  COORDINATE_SIZE,
  ecdsaHolds,
  type EcdsaHash,
  type EcdsaKey,
  importEcdsaKey,
} from '../crypto/ecdsa.ts';
import { importRsaPssSpki, rsaPssHolds, type RsaPssKey } from '../crypto/rsa-pss.ts';
import { VerifierError } from '../errors.ts';

/** An imported public key of a certificate. */
export type PublicKey = EcdsaKey | RsaPssKey;

/** Something signed in the X.509 manner. */
export interface SignedObject {
  readonly tbs: Uint8Array;
  /** OID of the signature algorithm. */
  readonly signatureAlgorithm: string;
  /** Content of the BIT STRING. */
  readonly signature: Uint8Array;
}

const ECDSA_HASH: ReadonlyMap<string, EcdsaHash> = new Map([
  [SIGNATURE_ALGORITHM.ecdsaSha256, 'SHA-256'],
  [SIGNATURE_ALGORITHM.ecdsaSha384, 'SHA-384'],
]);

/**
 * Imports the key of a certificate.
 *
 * @param what the certificate, for the message
 * @throws VerifierError `ERR_CERT_ALGORITHM` when the key is of an unsupported kind or not on its curve
 */
export async function importCertificateKey(
  certificate: Certificate,
  what: string,
): Promise<PublicKey> {
  const { publicKey } = certificate;
  try {
    switch (publicKey.algorithm) {
      case 'ec-p256':
        return await importEcdsaKey('P-256', publicKey.point);
      case 'ec-p384':
        return await importEcdsaKey('P-384', publicKey.point);
      case 'rsa':
        return await importRsaPssSpki(certificate.spki);
      case 'ed25519':
      case 'unknown':
        break;
    }
  } catch (cause) {
    if (cause instanceof VerifierError) throw cause;
    throw new VerifierError('ERR_CERT_ALGORITHM', `${what} has an unusable key`, { cause });
  }
  throw new VerifierError('ERR_CERT_ALGORITHM', `${what} has an unsupported key`, {
    expected: 'ECDSA P-256, ECDSA P-384 or RSA',
    seen: publicKey.algorithm,
  });
}

/**
 * Whether `object` was signed by `key`.
 *
 * @param what the object, for the message
 * @throws VerifierError `ERR_CERT_ALGORITHM` when it names an algorithm that does not suit the key or that we do not know
 */
export async function signedBy(
  object: SignedObject,
  key: PublicKey,
  what: string,
): Promise<boolean> {
  if (key.kind === 'rsa-pss') {
    if (object.signatureAlgorithm !== SIGNATURE_ALGORITHM.rsaPss) refuseAlgorithm(object, what);
    return rsaPssHolds(key, object.signature, object.tbs);
  }
  const hash = ECDSA_HASH.get(object.signatureAlgorithm) ?? refuseAlgorithm(object, what);
  const signature = readSignature(object.signature, COORDINATE_SIZE[key.curve]);
  return signature !== undefined && ecdsaHolds(key, hash, signature, object.tbs);
}

// A signature that is not a DER pair of integers of the right size signs nothing.
function readSignature(der: Uint8Array, size: number): Uint8Array | undefined {
  try {
    return ecdsaSignatureToRaw(der, size);
  } catch (error) {
    if (error instanceof EvidenceError) return undefined;
    throw error;
  }
}

function refuseAlgorithm({ signatureAlgorithm }: SignedObject, what: string): never {
  throw new VerifierError('ERR_CERT_ALGORITHM', `${what} has an unsupported signature algorithm`, {
    expected:
      'ECDSA with SHA-256 or SHA-384, or RSASSA-PSS with SHA-384, as the issuer’s key has it',
    seen: signatureAlgorithm,
  });
}
