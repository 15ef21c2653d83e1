// SPDX-License-Identifier: Apache-2.0
import { ECDH, verify } from 'node:crypto';
import { isIP } from 'node:net';
import { parseCertificate, X509_EXTENSION, type Certificate } from '@proofgate/evidence';
import type { Authority } from '../issuer/authority.ts';
import { expectField, readBack, sameBytes, sameItems } from '../certificates/read-back.ts';
import { parseIpAddress } from '../names/ip-address.ts';
import { LEAF_PROFILES, type LeafProfile } from './leaf-profile.ts';
import type { LeafRequest } from './leaf-request.ts';

/** RFC 5280, section 4.1.2.2. */
const MAX_SERIAL_BYTES = 20;

/** In front of the point in the SubjectPublicKeyInfo of an EC key is its algorithm (RFC 5480, section 2). */
const POINT_BYTES = 65;

/** One block of PEM in the only layout that RFC 7468, section 3, asks writers for. */
const PEM = /^-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)\n-----END CERTIFICATE-----\n$/;

/**
 * Reads a finished leaf back with the strict reader, has OpenSSL verify its signature and look at its key, and compares
 * it with the request and the profile; nothing of what wrote the leaf takes part. A difference means a fault in this
 * package, and the leaf must not leave it.
 *
 * OpenSSL's own reader of certificates would take a third of the time of issuing, most of it for decoding the key into
 * an object; that it reads our leaves is tested.
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
    expectField('PEM', sameBytes(Buffer.from(PEM.exec(pem)?.[1] ?? '', 'base64'), der));
    checkSignature(leaf, authority);
    checkFields(leaf, request, profile, authority);
    checkUsage(leaf, profile, authority);
    checkNames(leaf, request);
    checkExtensions(leaf, request, authority);
    return leaf;
  });
}

/** OpenSSL's opinion: the signature holds, and the public key is a point of the curve. */
function checkSignature(leaf: Certificate, { scheme, publicKey }: Authority): void {
  expectField('signature algorithm', leaf.signatureAlgorithm === scheme.signatureOid);
  expectField('signature', verify(scheme.hash, leaf.tbs, publicKey, leaf.signature));
  // Throws for what is no point; which curve it is, the strict reader says.
  ECDH.convertKey(leaf.spki.subarray(-POINT_BYTES), 'prime256v1');
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
  const { dns = [], ip = [], others = 0 } = leaf.subjectAltName ?? {};
  const hosts = names.filter((name) => isIP(name) === 0);
  const addresses = names.filter((name) => isIP(name) !== 0).map(parseIpAddress);
  expectField('subjectAltName', sameItems(dns, hosts) && others === 0);
  expectField(
    'subjectAltName',
    ip.length === addresses.length && ip.every((address, i) => sameBytes(address, addresses[i])),
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
