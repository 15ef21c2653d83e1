// SPDX-License-Identifier: Apache-2.0
import { type Certificate, SIGNATURE_ALGORITHM } from '@proofgate/evidence';
import { P256, P384 } from '../crypto/ecdsa.ts';
import { importRsaPssSpki, rsaPssHolds, type RsaPssKey } from '../crypto/rsa-pss.ts';
import { usableKey } from '../crypto/usable-key.ts';
import { refuse } from '../errors.ts';
import type { CertificateKey, SignedObject } from './certificate-key.ts';
import { importEcCertificateKey } from './ec-certificate-key.ts';

/**
 * Imports the key of a certificate.
 *
 * @param what the certificate, for the message
 * @throws VerifierError `ERR_CERT_ALGORITHM` when the key is of an unsupported kind or not on its curve
 */
export async function importCertificateKey(
  certificate: Certificate,
  what: string,
): Promise<CertificateKey> {
  switch (certificate.publicKey.algorithm) {
    case 'ec-p256':
      return importEcCertificateKey(certificate, P256, what);
    case 'ec-p384':
      return importEcCertificateKey(certificate, P384, what);
    case 'rsa': {
      const key = await usableKey(importRsaPssSpki(certificate.spki), 'ERR_CERT_ALGORITHM', what);
      return { signed: async (object, name) => rsaSigned(object, key, name) };
    }
    case 'ed25519':
    case 'unknown':
      return refuse(
        'ERR_CERT_ALGORITHM',
        what,
        'ECDSA P-256, ECDSA P-384 or RSA',
        certificate.publicKey.algorithm,
      );
  }
}

async function rsaSigned(object: SignedObject, key: RsaPssKey, what: string): Promise<boolean> {
  if (object.signatureAlgorithm !== SIGNATURE_ALGORITHM.rsaPss) {
    refuse(
      'ERR_CERT_ALGORITHM',
      what,
      'RSASSA-PSS, as its issuer’s key',
      object.signatureAlgorithm,
    );
  }
  return rsaPssHolds(key, object.signature, object.tbs);
}
