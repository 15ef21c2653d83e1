// SPDX-License-Identifier: Apache-2.0
import {
  crlDistributionPointsExtension,
  encodeName,
  parseCertificate,
  toHex,
  X509_EXTENSION,
  type Certificate,
  type NameConstraints,
} from '@proofgate/evidence';
import { opensslCertificate } from '../certificates/openssl-certificate.ts';
import { expectField, readBack, sameBytes, sameItems } from '../certificates/read-back.ts';
import { subjectKeyId } from '../keys/subject-key-id.ts';
import type { CaCertificateRequest, CaSigner } from './ca-request.ts';

/**
 * Reads a finished CA certificate back, with the strict reader and with OpenSSL, and compares it with the request;
 * nothing of what wrote it takes part.
 *
 * @param der - the finished certificate
 * @param request - what was asked for
 * @param signer - who signed
 * @throws CaError `ERR_CA_REVALIDATION`
 */
export function revalidateCa(
  der: Uint8Array,
  request: CaCertificateRequest,
  signer: CaSigner,
): void {
  readBack(() => {
    const certificate = parseCertificate(der);
    const openssl = opensslCertificate(der);
    expectField('signature', openssl.verify(signer.publicKey));
    expectField('key', openssl.publicKey.equals(request.publicKey));
    expectField('issuer', sameBytes(certificate.issuer.raw, signer.name));
    const { commonName } = request;
    expectField('subject', sameBytes(certificate.subject.raw, encodeName({ commonName })));
    checkValidity(certificate, request);
    checkPowers(certificate, request);
    checkKeyIds(certificate, request, signer);
    checkExtensions(certificate, request, signer);
    checkCrlUrls(certificate, request);
  });
}

function checkValidity(certificate: Certificate, { validity }: CaCertificateRequest): void {
  const { notBefore, notAfter } = certificate;
  expectField('notBefore', notBefore.getTime() === validity.notBefore.getTime());
  expectField('notAfter', notAfter.getTime() === validity.notAfter.getTime());
}

function checkPowers(certificate: Certificate, request: CaCertificateRequest): void {
  const { basicConstraints, nameConstraints, keyUsage } = certificate;
  const { profile, constraints } = request;
  expectField('basicConstraints', basicConstraints?.ca === true);
  expectField('path length', basicConstraints?.pathLength === profile.pathLength);
  expectField('keyUsage', sameItems([...(keyUsage ?? [])], profile.keyUsage));
  expectField('nameConstraints', sameItems(subtrees(nameConstraints), subtrees(constraints)));
}

function checkKeyIds(
  certificate: Certificate,
  request: CaCertificateRequest,
  signer: CaSigner,
): void {
  const own = subjectKeyId(request.publicKey);
  expectField('subjectKeyIdentifier', sameBytes(certificate.subjectKeyId, own));
  expectField('authorityKeyIdentifier', sameBytes(certificate.authorityKeyId, signer.keyId));
}

function checkExtensions(
  { extensions }: Certificate,
  { constraints, crlUrls = [] }: CaCertificateRequest,
  { keyId }: CaSigner,
): void {
  const critical: string[] = [
    X509_EXTENSION.keyUsage,
    X509_EXTENSION.basicConstraints,
    ...(constraints === undefined ? [] : [X509_EXTENSION.nameConstraints]),
  ];
  const others: string[] = [
    X509_EXTENSION.subjectKeyId,
    ...(keyId === undefined ? [] : [X509_EXTENSION.authorityKeyId]),
    ...(crlUrls.length === 0 ? [] : [X509_EXTENSION.crlDistributionPoints]),
  ];
  const found = (marked: boolean): string[] =>
    [...extensions].flatMap(([oid, { critical }]) => (critical === marked ? [oid] : []));
  expectField('set of critical extensions', sameItems(found(true).sort(), critical.sort()));
  expectField('set of other extensions', sameItems(found(false).sort(), others.sort()));
}

function checkCrlUrls({ extensions }: Certificate, { crlUrls = [] }: CaCertificateRequest): void {
  const points = extensions.get(X509_EXTENSION.crlDistributionPoints)?.value;
  const expected = crlUrls.length === 0 ? undefined : crlDistributionPointsExtension(crlUrls).value;
  expectField('cRLDistributionPoints', sameBytes(points, expected));
}

/** One line for each subtree, so that two constraints can be compared. */
function subtrees(constraints: NameConstraints | undefined): string[] {
  if (constraints === undefined) return [];
  return [constraints.permitted, constraints.excluded].flatMap(({ dns, ip, others }, side) => [
    ...dns.map((domain) => `${String(side)} ${domain}`),
    ...ip.map((range) => `${String(side)} ${toHex(range)}`),
    `${String(side)} and ${String(others)} others`,
  ]);
}
