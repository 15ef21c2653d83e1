// SPDX-License-Identifier: Apache-2.0
import { readDer, type DerReader } from '../asn1/der-reader.ts';
import { DER_TAG } from '../asn1/der-tag.ts';
import { derInvalid } from '../asn1/der-error.ts';
import type { Extensions } from './extension-list.ts';
import { readGeneralName, type GeneralName } from './general-name.ts';
import { X509_EXTENSION } from './x509-oid.ts';

/** Bits of KeyUsage, by number (RFC 5280, section 4.2.1.3). */
export const KEY_USAGE_BITS = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

/** One use of a certified key. */
export type KeyUsage = (typeof KEY_USAGE_BITS)[number];

/** Whether the subject is a CA, and how many CAs may follow below it. */
export interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength?: number;
}

/** Names of the subject. */
export interface SubjectAltName {
  readonly dns: readonly string[];
  /** 4 or 16 bytes each. */
  readonly ip: readonly Uint8Array[];
  /** How many names of other kinds there are; their content is not read. */
  readonly others: number;
}

/** One side of name constraints. */
export interface NameSubtrees {
  readonly dns: readonly string[];
  /** Address and mask: 8 or 32 bytes each. */
  readonly ip: readonly Uint8Array[];
  /**
   * How many subtrees of other kinds there are. A verifier that cannot check them has to refuse.
   */
  readonly others: number;
}

/** Names that certificates below a CA may and may not have. */
export interface NameConstraints {
  readonly permitted: NameSubtrees;
  readonly excluded: NameSubtrees;
}

/** The standard extensions that we understand; a member is absent if the extension is. */
export interface StandardExtensions {
  readonly basicConstraints?: BasicConstraints;
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  readonly extKeyUsage?: readonly string[];
  readonly subjectAltName?: SubjectAltName;
  readonly nameConstraints?: NameConstraints;
  readonly subjectKeyId?: Uint8Array;
  readonly authorityKeyId?: Uint8Array;
}

/**
 * Longest certification path that a pathLenConstraint needs to express here; real ones are 0 to 3.
 */
const MAX_PATH_LENGTH = 255;

const ADDRESS_SIZES = [4, 16];
const SUBNET_SIZES = [8, 32];
const NO_SUBTREES: NameSubtrees = { dns: [], ip: [], others: 0 };

/**
 * Reads every standard extension that is present.
 *
 * All are read whether or not somebody asks for them later: a certificate with a malformed one is
 * refused wherever it turns up.
 *
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function readStandardExtensions(extensions: Extensions): StandardExtensions {
  return {
    ...read(extensions, X509_EXTENSION.basicConstraints, 'basicConstraints', readBasicConstraints),
    ...read(extensions, X509_EXTENSION.keyUsage, 'keyUsage', readKeyUsage),
    ...read(extensions, X509_EXTENSION.extKeyUsage, 'extKeyUsage', readExtKeyUsage),
    ...read(extensions, X509_EXTENSION.subjectAltName, 'subjectAltName', readSubjectAltName),
    ...read(extensions, X509_EXTENSION.nameConstraints, 'nameConstraints', readNameConstraints),
    ...read(extensions, X509_EXTENSION.subjectKeyId, 'subjectKeyId', (der) => der.octetString()),
    ...read(extensions, X509_EXTENSION.authorityKeyId, 'authorityKeyId', readAuthorityKeyId),
  };
}

function read<Key extends string, T>(
  extensions: Extensions,
  oid: string,
  key: Key,
  parse: (der: DerReader) => T | undefined,
): Partial<Record<Key, T>> {
  const extension = extensions.get(oid);
  if (extension === undefined) return {};
  const value = readDer(extension.value, parse);
  // Sound: the object has exactly the one member that the result type allows.
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<Key, T>>);
}

// RFC 5280, section 4.2.1.9.
function readBasicConstraints(der: DerReader): BasicConstraints {
  return der.sequence((inner) => {
    const ca = inner.nextIs(DER_TAG.boolean) && inner.boolean();
    if (inner.done) return { ca };
    if (!ca) throw derInvalid('basicConstraints limits the path below something that is no CA');
    return { ca, pathLength: inner.smallInteger(MAX_PATH_LENGTH) };
  });
}

function readKeyUsage(der: DerReader): ReadonlySet<KeyUsage> {
  const usages = new Set<KeyUsage>();
  for (const bit of der.namedBits()) {
    const usage = KEY_USAGE_BITS[bit];
    if (usage === undefined) throw derInvalid(`keyUsage sets bit ${bit}, which has no meaning`);
    usages.add(usage);
  }
  // RFC 5280, section 4.2.1.3: at least one of the bits MUST be set.
  if (usages.size === 0) throw derInvalid('keyUsage allows nothing');
  return usages;
}

function readExtKeyUsage(der: DerReader): readonly string[] {
  const purposes = der.sequenceOf((inner) => inner.oid());
  if (purposes.length === 0) throw derInvalid('extKeyUsage names no purpose');
  return purposes;
}

function readSubjectAltName(der: DerReader): SubjectAltName {
  const names = der.sequenceOf((inner) => readGeneralName(inner, ADDRESS_SIZES));
  if (names.length === 0) throw derInvalid('subjectAltName names nothing');
  return byKind(names);
}

// RFC 5280, section 4.2.1.10.
function readNameConstraints(der: DerReader): NameConstraints {
  return der.sequence((inner) => {
    const permitted = inner.optionalContext(0, readSubtrees);
    const excluded = inner.optionalContext(1, readSubtrees);
    if (permitted === undefined && excluded === undefined) {
      throw derInvalid('nameConstraints constrains nothing');
    }
    return { permitted: permitted ?? NO_SUBTREES, excluded: excluded ?? NO_SUBTREES };
  });
}

function readSubtrees(der: DerReader): NameSubtrees {
  // "minimum MUST be zero, and maximum MUST be absent": the default is not encoded, so only the
  // base is left.
  const bases = der.repeat((inner) =>
    inner.sequence((subtree) => readGeneralName(subtree, SUBNET_SIZES)),
  );
  if (bases.length === 0) throw derInvalid('nameConstraints has an empty list of subtrees');
  return byKind(bases);
}

// RFC 5280, section 4.2.1.1. Issuer and serial number, the other way to name the key, are not used
// by anyone.
function readAuthorityKeyId(der: DerReader): Uint8Array | undefined {
  return der.sequence((inner) => {
    const keyId = inner.optionalContextPrimitive(0);
    inner.repeat((rest) => rest.raw());
    return keyId;
  });
}

function byKind(names: readonly GeneralName[]): SubjectAltName {
  return {
    dns: names.flatMap((name) => (name.kind === 'dns' ? [name.name] : [])),
    ip: names.flatMap((name) => (name.kind === 'ip' ? [name.address] : [])),
    others: names.filter((name) => name.kind === 'other').length,
  };
}
