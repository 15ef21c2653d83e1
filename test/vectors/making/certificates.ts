// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import {
  assembleSigned,
  basicConstraintsExtension,
  type CertificateExtension,
  derBitString,
  derContext,
  derInteger,
  derOctetString,
  derBoolean,
  derOid,
  derSequence,
  derTime,
  encodeName,
  encodeTbsCertificate,
  extKeyUsageExtension,
  KEY_PURPOSE,
  keyUsageExtension,
  parseCertificate,
  sha256,
  SIGNATURE_ALGORITHM,
  subjectAltNameExtension,
  type TbsCertificate,
} from '@proofgate/evidence';

/** A key pair of Node's. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Somebody with a key and a certificate, sound or not. */
export interface Party {
  readonly certificate: Uint8Array;
  readonly keys: KeyPair;
  readonly name: Uint8Array;
  readonly spki: Uint8Array;
}

/** What a certificate is to say. */
export interface CertificateWish {
  readonly commonName: string;
  readonly keys: KeyPair;
  /** Absent: self-issued. */
  readonly issuer?: Party;
  /** The issuer's name to write in place of its own. */
  readonly issuerName?: Uint8Array;
  /** Signs in place of the issuer. */
  readonly signer?: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly CertificateExtension[];
}

/** Makes a key pair on a curve. */
export function newKeys(namedCurve: 'P-256' | 'P-384' = 'P-256'): KeyPair {
  return generateKeyPairSync('ec', { namedCurve });
}

/** DER of a public key. */
export function spkiOf(keys: KeyPair): Uint8Array {
  return new Uint8Array(keys.publicKey.export({ type: 'spki', format: 'der' }));
}

/** Issues a certificate. */
export function issue(wish: CertificateWish): Party {
  const { keys, issuer } = wish;
  const [name, spki] = [encodeName({ commonName: wish.commonName }), spkiOf(keys)];
  const serialNumber = sha256(spki).slice(0, 16);
  // Positive, and never shortened by a leading zero.
  serialNumber[0] = ((serialNumber[0] ?? 0) & 0x3f) | 0x40;
  const tbs = encodeTbsCertificate({
    serialNumber,
    signatureAlgorithm: 'ecdsa-sha256',
    issuer: wish.issuerName ?? issuer?.name ?? name,
    subject: name,
    notBefore: wish.notBefore,
    notAfter: wish.notAfter,
    spki,
    extensions: wish.extensions,
  });
  const signer = wish.signer ?? issuer?.keys.privateKey ?? keys.privateKey;
  return { certificate: signed(tbs, signer), keys, name, spki };
}

/**
 * Issues a certificate again with changes.
 *
 * @param der the certificate
 * @param signer its issuer's key
 * @param change what is to be different
 * @param rewrite changes the encoded content before it is signed, for what no writer of ours would write
 */
export function reissued(
  der: Uint8Array | undefined,
  signer: KeyObject,
  change: (content: TbsCertificate) => TbsCertificate,
  rewrite: (tbs: Uint8Array) => Uint8Array = (tbs) => tbs,
): Uint8Array {
  const sound = parseCertificate(der ?? new Uint8Array());
  const tbs = encodeTbsCertificate(
    change({
      serialNumber: sound.serialNumber,
      signatureAlgorithm: 'ecdsa-sha256',
      issuer: sound.issuer.raw,
      subject: sound.subject.raw,
      notBefore: sound.notBefore,
      notAfter: sound.notAfter,
      spki: sound.spki,
      extensions: [...sound.extensions].map(([oid, extension]) => ({ oid, ...extension })),
    }),
  );
  return signed(rewrite(tbs), signer);
}

function signed(tbs: Uint8Array, signer: KeyObject): Uint8Array {
  return assembleSigned(tbs, 'ecdsa-sha256', new Uint8Array(sign('sha256', tbs, signer)));
}

/** Extensions of a sound CA. */
export function caExtensions(
  pathLength: number,
  ...more: readonly CertificateExtension[]
): readonly CertificateExtension[] {
  return [
    basicConstraintsExtension({ ca: true, pathLength }),
    keyUsageExtension(['keyCertSign', 'cRLSign']),
    ...more,
  ];
}

/** Extensions of a sound server certificate. */
export function serverExtensions(
  dns: readonly string[],
  ...more: readonly CertificateExtension[]
): readonly CertificateExtension[] {
  return [
    basicConstraintsExtension({ ca: false }),
    keyUsageExtension(['digitalSignature']),
    extKeyUsageExtension([KEY_PURPOSE.serverAuth]),
    subjectAltNameExtension({ dns }),
    ...more,
  ];
}

/** An extension that nobody knows. */
export function unknownExtension(critical: boolean): CertificateExtension {
  return { oid: '1.3.6.1.4.1.65230.99.1', critical, value: Uint8Array.of(0x05, 0x00) };
}

/** What a revocation list is to say; unlike our writer, this one leaves out what is absent. */
export interface RevocationListWish {
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array;
  readonly signer: KeyObject;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
  readonly extensions: readonly CertificateExtension[];
}

/** Writes an empty revocation list. */
export function revocationList(wish: RevocationListWish): Uint8Array {
  const algorithm = derSequence(derOid(SIGNATURE_ALGORITHM.ecdsaSha256));
  const extensions = wish.extensions.map(({ oid, critical, value }) =>
    derSequence(derOid(oid), ...(critical ? [derBoolean(true)] : []), derOctetString(value)),
  );
  const tbs = derSequence(
    derInteger(1n),
    algorithm,
    wish.issuer,
    derTime(wish.thisUpdate),
    ...(wish.nextUpdate === undefined ? [] : [derTime(wish.nextUpdate)]),
    derContext(0, true, derSequence(...extensions)),
  );
  const signature = new Uint8Array(sign('sha256', tbs, wish.signer));
  return derSequence(tbs, algorithm, derBitString(signature));
}
