// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto';
import { parseCertificate, X509_EXTENSION, type Certificate } from '@proofgate/evidence';
import type { Authority } from '../issuer/authority.ts';
import { expectField, readBack, sameBytes, sameItems } from '../certificates/read-back.ts';
import { parseIpAddress } from '../names/ip-address.ts';
import { LEAF_PROFILES, type LeafProfile } from './leaf-profile.ts';
import type { LeafRequest } from './leaf-request.ts';

/** RFC 5280, section 4.1.2.2. */
const MAX_SERIAL_BYTES = 20;

/**
 * Reads a finished leaf back, with the strict reader and with OpenSSL, and compares it with the request and the profile;
 * nothing of what wrote the leaf takes part. A difference means a fault in this package, and the leaf must not leave it.
 *
 * @param der - the finished leaf
 * @param pem - the same as it will be served
 * @param request - what was asked for
 * @param authority - who signed
 * @returns the leaf as read
 * @throws CaError `ERR_CA_REVALIDATION`
 */
export function revalidateLeaf(
  der: Uint8Array,
  pem: string,
  request: LeafRequest,
  authority: Authority,
): Certificate {
  return readBack(() => {
    const profile = LEAF_PROFILES[request.purpose];
    const leaf = parseCertificate(der);
    // PEM, because Node would find the certificates inside the quote if it were given DER.
    const openssl = new X509Certificate(pem);
    expectField('PEM', sameBytes(openssl.raw, der));
    checkSignature(openssl, request, authority);
    checkFields(leaf, request, profile, authority);
    checkUsage(leaf, profile, authority);
    checkNames(leaf, request);
    checkExtensions(leaf, request, authority);
    return leaf;
  });
}

/** OpenSSL's opinion: the signature holds, the public key is a point of the curve, and each name matches. */
function checkSignature(leaf: X509Certificate, { names }: LeafRequest, authority: Authority): void {
  expectField('signature', leaf.verify(authority.publicKey));
  // Reading the key throws when it is no point of the curve; which curve it is, the strict reader says.
  expectField('public key', leaf.publicKey.asymmetricKeyType === 'ec');
  for (const name of names) {
    expectField(
      'name',
      (leaf.checkHost(name, { subject: 'never' }) ?? leaf.checkIP(name)) === name,
    );
  }
}

function checkFields(
  leaf: Certificate,
  request: LeafRequest,
  profile: LeafProfile,
  authority: Authority,
): void {
  const [first = 0] = leaf.serialNumber;
  const { notBefore, notAfter } = leaf;
  const latest = notBefore.getTime() + (request.lifetimeMs ?? profile.maxLifetimeMs);
  expectField(
    'serial number',
    first > 0 && first < 0x80 && leaf.serialNumber.length <= MAX_SERIAL_BYTES,
  );
  expectField('issuer', sameBytes(leaf.issuer.raw, authority.certificate.subject.raw));
  expectField('key', leaf.publicKey.algorithm === 'ec-p256' && sameBytes(leaf.spki, request.spki));
  expectField('notBefore', notBefore.getTime() === request.notBefore.getTime());
  expectField('notAfter', notAfter.getTime() <= latest && notAfter <= authority.notAfter);
  expectField('lifetime', notAfter.getTime() - notBefore.getTime() >= profile.minLifetimeMs);
}

function checkUsage(leaf: Certificate, profile: LeafProfile, authority: Authority): void {
  const { basicConstraints, keyUsage, extKeyUsage } = leaf;
  const keyId = authority.certificate.subjectKeyId;
  expectField(
    'basicConstraints',
    basicConstraints?.ca === false && critical(leaf, X509_EXTENSION.basicConstraints),
  );
  expectField('keyUsage', sameItems([...(keyUsage ?? [])], profile.keyUsage));
  expectField('keyUsage', critical(leaf, X509_EXTENSION.keyUsage));
  expectField('extKeyUsage', sameItems(extKeyUsage ?? [], profile.extKeyUsage));
  expectField('extKeyUsage', !critical(leaf, X509_EXTENSION.extKeyUsage));
  expectField('subjectKeyIdentifier', leaf.subjectKeyId === undefined);
  expectField('authorityKeyIdentifier', sameBytes(leaf.authorityKeyId, keyId));
}

function checkNames(leaf: Certificate, { names }: LeafRequest): void {
  const { dns = [], ip = [] } = leaf.subjectAltName ?? {};
  const requestedIp = names.filter((name) => !dns.includes(name)).map(parseIpAddress);
  expectField('subjectAltName', dns.length + ip.length === names.length);
  expectField(
    'subjectAltName',
    requestedIp.every((address, i) => sameBytes(address, ip[i])),
  );
  const { commonName } = leaf.subject;
  expectField('subject', commonName === undefined || commonName === names[0]);
  expectField(
    'subject',
    critical(leaf, X509_EXTENSION.subjectAltName) === (commonName === undefined),
  );
}

function checkExtensions(leaf: Certificate, request: LeafRequest, authority: Authority): void {
  const standard = [
    X509_EXTENSION.keyUsage,
    X509_EXTENSION.extKeyUsage,
    X509_EXTENSION.basicConstraints,
    X509_EXTENSION.subjectAltName,
    ...(authority.certificate.subjectKeyId === undefined ? [] : [X509_EXTENSION.authorityKeyId]),
  ];
  const oids = [...standard, ...request.extensions.map(({ oid }) => oid)];
  expectField('extensions', sameItems([...leaf.extensions.keys()].sort(), oids.sort()));
  for (const { oid, value } of request.extensions) {
    const found = leaf.extensions.get(oid);
    expectField(oid, found?.critical === false && sameBytes(found.value, value));
  }
}

function critical(leaf: Certificate, oid: string): boolean {
  return leaf.extensions.get(oid)?.critical === true;
}
