// SPDX-License-Identifier: Apache-2.0
import { type DerElement, derElements, derList } from '../asn1/der-element.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { BOOLEAN, CONTEXT } from '../asn1/der-tag.ts';
import { readBoolean, readNamedBits, readOctets, readSmallInteger } from '../asn1/der-values.ts';
import type { ExtensionReaders } from './known-extensions.ts';
import { AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, KEY_USAGE, SUBJECT_KEY_ID } from './x509-oid.ts';

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

/** Extensions that say what a key may sign, and whose key it is; a member is absent if the extension is. */
export interface AuthorityExtensions {
  readonly basicConstraints?: BasicConstraints;
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  readonly subjectKeyId?: Uint8Array;
  readonly authorityKeyId?: Uint8Array;
}

/**
 * Longest certification path that a pathLenConstraint needs to express here; real ones are 0 to 3.
 */
const MAX_PATH_LENGTH = 255;

/** How they are read. */
export const AUTHORITY_EXTENSIONS: ExtensionReaders<AuthorityExtensions> = {
  basicConstraints: [BASIC_CONSTRAINTS, readBasicConstraints],
  keyUsage: [KEY_USAGE, readKeyUsage],
  subjectKeyId: [SUBJECT_KEY_ID, (value) => readOctets(value)],
  authorityKeyId: [AUTHORITY_KEY_ID, readAuthorityKeyId],
};

// RFC 5280, section 4.2.1.9.
function readBasicConstraints(value: DerElement): BasicConstraints {
  const elements = derElements(value, 0, 2);
  const ca = elements[0]?.tag === BOOLEAN && readBoolean(elements.shift());
  const [pathLength, ...more] = elements;
  if (pathLength === undefined) return { ca };
  if (!ca || more.length > 0) throw derInvalid('basicConstraints', 'CA true before a path length');
  return { ca, pathLength: readSmallInteger(pathLength, MAX_PATH_LENGTH) };
}

function readKeyUsage(value: DerElement): ReadonlySet<KeyUsage> {
  const usages = new Set<KeyUsage>();
  for (const bit of readNamedBits(value)) {
    const usage = KEY_USAGE_BITS[bit];
    if (usage === undefined) throw derInvalid('keyUsage', 'known bits', `${bit}`);
    usages.add(usage);
  }
  // RFC 5280, section 4.2.1.3: at least one of the bits MUST be set.
  if (usages.size === 0) throw derInvalid('keyUsage', 'some use');
  return usages;
}

/**
 * Reads authorityKeyIdentifier (RFC 5280, section 4.2.1.1). Issuer and serial number, the other way to
 * name the key, are not used by anyone.
 */
export function readAuthorityKeyId(value: DerElement): Uint8Array | undefined {
  const [keyId] = derList(value);
  return keyId?.tag === CONTEXT ? readOctets(keyId, CONTEXT) : undefined;
}
