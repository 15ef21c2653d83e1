// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { startOfMinute } from '@proofgate/ca';
import {
  assembleSigned,
  encodeName,
  encodePem,
  encodeTbsCertificate,
  type ExtensionValue,
} from '@proofgate/evidence';

/** A P-256 key pair. */
export interface KeyPair {
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly key: KeyObject;
  /** PKCS #8, PEM. */
  readonly keyPem: string;
}

/** Makes a key pair as a leaf has it. */
export function newKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    key: privateKey,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

/**
 * A certificate that signs itself and carries any extensions, in PEM.
 *
 * @param alter changes the TBSCertificate before it is signed
 */
export function selfSigned(
  extensions: readonly ExtensionValue[],
  alter: (tbs: Uint8Array) => Uint8Array = (tbs) => tbs,
): string {
  const { spki, key } = newKeyPair();
  const name = encodeName({ commonName: 'self-signed' });
  const notBefore = startOfMinute(new Date());
  const tbs = encodeTbsCertificate({
    serialNumber: Uint8Array.of(1),
    signatureAlgorithm: 'ecdsa-sha256',
    issuer: name,
    subject: name,
    notBefore,
    notAfter: new Date(notBefore.getTime() + 3_600_000),
    spki,
    extensions: extensions.map(({ oid, value }) => ({ oid, value, critical: false })),
  });
  const altered = alter(tbs);
  const signature = sign('sha256', altered, key);
  return encodePem('CERTIFICATE', assembleSigned(altered, 'ecdsa-sha256', signature));
}
