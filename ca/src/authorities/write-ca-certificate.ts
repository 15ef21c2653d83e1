// SPDX-License-Identifier: Apache-2.0
// @peculiar/x509 picks its codecs by decorator metadata and throws while it loads unless Reflect has been extended.
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import {
  crlDistributionPointsExtension,
  nameConstraintsExtension,
  toHex,
  type CertificateExtension,
} from '@proofgate/evidence';
import { createSerialNumber } from '../certificates/serial-number.ts';
import { subjectKeyId } from '../keys/subject-key-id.ts';
import type { CaCertificateRequest, CaSigner } from './ca-request.ts';
import { signingKey } from './signing-key.ts';
import type {} from './web-crypto-types.ts';

/**
 * A name that consists of a common name.
 *
 * @param commonName - taken as it is: a comma or an equals sign in it begins no other attribute
 * @returns the name as DER
 */
export function writeName(commonName: string): Uint8Array {
  return new Uint8Array(new Name([{ CN: [{ utf8String: commonName }] }]).toArrayBuffer());
}

/**
 * Encodes and signs a CA certificate. Decides nothing about its contents.
 *
 * @param subject - its name as DER
 * @param request - what else it says
 * @param signer - who signs
 * @returns the certificate as DER
 */
export async function writeCaCertificate(
  subject: Uint8Array,
  request: CaCertificateRequest,
  signer: CaSigner,
): Promise<Uint8Array> {
  const { key, algorithm } = await signingKey(signer.privateKey);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: toHex(createSerialNumber()),
    issuer: new Name(signer.name),
    subject: new Name(subject),
    ...request.validity,
    publicKey: request.publicKey.export({ type: 'spki', format: 'der' }),
    extensions: extensions(request, signer.keyId),
    signingKey: key,
    signingAlgorithm: algorithm,
  });
  return new Uint8Array(certificate.rawData);
}

/** RFC 5280, section 4.2.1: which of them are critical. */
function extensions(request: CaCertificateRequest, signerKeyId?: Uint8Array): Extension[] {
  const { profile, publicKey, constraints, crlUrls = [] } = request;
  const usages = profile.keyUsage.reduce((flags, usage) => flags | KeyUsageFlags[usage], 0);
  return [
    new BasicConstraintsExtension(true, profile.pathLength, true),
    new KeyUsagesExtension(usages, true),
    ...(constraints === undefined ? [] : [written(nameConstraintsExtension(constraints))]),
    ...(crlUrls.length === 0 ? [] : [written(crlDistributionPointsExtension(crlUrls))]),
    new SubjectKeyIdentifierExtension(toHex(subjectKeyId(publicKey))),
    ...(signerKeyId === undefined ? [] : [new AuthorityKeyIdentifierExtension(toHex(signerKeyId))]),
  ];
}

/** What the library has no class for, or one that does not say all that ours does. */
function written({ oid, critical, value }: CertificateExtension): Extension {
  return new Extension(oid, critical, value);
}
