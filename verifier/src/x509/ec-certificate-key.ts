// SPDX-License-Identifier: Apache-2.0
import { ecdsaSignatureToRaw, EvidenceError, SIGNATURE_ALGORITHM } from '@proofgate/evidence';
import {
  type Curve,
  ecdsaHolds,
  type EcdsaHash,
  type EcdsaKey,
  importEcdsaKey,
} from '../crypto/ecdsa.ts';
import { usableKey } from '../crypto/usable-key.ts';
import { refuse } from '../errors.ts';
import type { CertificateKey, SignedObject } from './certificate-key.ts';

/** An imported ECDSA key of a certificate. */
export interface EcCertificateKey extends EcdsaKey, CertificateKey {}

/** A certificate's public key, as far as importing looks at it. */
interface CertifiedKey {
  readonly publicKey: { readonly algorithm: string; readonly point?: Uint8Array };
}

/**
 * Imports the ECDSA key of a certificate.
 *
 * @param curve the one that the key has to be on
 * @param what the certificate, for the message
 * @throws VerifierError `ERR_CERT_ALGORITHM` when it is not, or is no point of that curve
 */
export async function importEcCertificateKey(
  { publicKey: { algorithm, point } }: CertifiedKey,
  curve: Curve,
  what: string,
): Promise<EcCertificateKey> {
  if (point === undefined || algorithm !== curve.algorithm) {
    return refuse('ERR_CERT_ALGORITHM', what, curve.algorithm, algorithm);
  }
  const key = await usableKey(importEcdsaKey(curve, point), 'ERR_CERT_ALGORITHM', what);
  return { ...key, signed: async (object, name) => ecdsaSigned(object, key, name) };
}

const HASHES: ReadonlyMap<string, EcdsaHash> = /* @__PURE__ */ new Map([
  [SIGNATURE_ALGORITHM.ecdsaSha256, 'SHA-256'],
  [SIGNATURE_ALGORITHM.ecdsaSha384, 'SHA-384'],
]);

async function ecdsaSigned(object: SignedObject, key: EcdsaKey, what: string): Promise<boolean> {
  const hash =
    HASHES.get(object.signatureAlgorithm) ??
    refuse('ERR_CERT_ALGORITHM', what, 'ECDSA with SHA-2', object.signatureAlgorithm);
  const signature = readSignature(object.signature, key.curve.size);
  return ecdsaHolds(key, hash, signature, object.tbs);
}

// Bytes that are not a DER pair of integers of the right size sign nothing, and neither does nothing.
function readSignature(der: Uint8Array, size: number): Uint8Array {
  try {
    return ecdsaSignatureToRaw(der, size);
  } catch (error) {
    if (error instanceof EvidenceError) return new Uint8Array();
    throw error;
  }
}
