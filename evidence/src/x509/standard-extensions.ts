// SPDX-License-Identifier: Apache-2.0
import { type DerElement, derElements, derList } from '../asn1/der-element.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { CONTEXT_CONSTRUCTED } from '../asn1/der-tag.ts';
import { readOid } from '../asn1/der-values.ts';
import { AUTHORITY_EXTENSIONS, type AuthorityExtensions } from './authority-extensions.ts';
import { readGeneralName, type GeneralName } from './general-name.ts';
import type { ExtensionReaders } from './known-extensions.ts';
import { EXT_KEY_USAGE, NAME_CONSTRAINTS, SUBJECT_ALT_NAME } from './x509-oid.ts';

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
export interface StandardExtensions extends AuthorityExtensions {
  readonly extKeyUsage?: readonly string[];
  readonly subjectAltName?: SubjectAltName;
  readonly nameConstraints?: NameConstraints;
}

const ADDRESS_SIZES = [4, 16];
const SUBNET_SIZES = [8, 32];
const NO_SUBTREES: NameSubtrees = { dns: [], ip: [], others: 0 };

/** How they are read. */
export const STANDARD_EXTENSIONS: ExtensionReaders<StandardExtensions> = {
  ...AUTHORITY_EXTENSIONS,
  extKeyUsage: [EXT_KEY_USAGE, readExtKeyUsage],
  subjectAltName: [SUBJECT_ALT_NAME, readSubjectAltName],
  nameConstraints: [NAME_CONSTRAINTS, readNameConstraints],
};

function readExtKeyUsage(value: DerElement): readonly string[] {
  const purposes = derList(value).map(readOid);
  if (purposes.length === 0) throw derInvalid('extKeyUsage', 'some purpose');
  return purposes;
}

function readSubjectAltName(value: DerElement): SubjectAltName {
  const names = derList(value).map((name) => readGeneralName(name, ADDRESS_SIZES));
  if (names.length === 0) throw derInvalid('subjectAltName', 'some name');
  return byKind(names);
}

// RFC 5280, section 4.2.1.10.
function readNameConstraints(value: DerElement): NameConstraints {
  const sides = derElements(value, 1, 2);
  const permitted = sides[0]?.tag === CONTEXT_CONSTRUCTED ? sides.shift() : undefined;
  const [excluded, ...more] = sides;
  if (more.length > 0) throw derInvalid('nameConstraints', 'each side once');
  return {
    permitted: permitted === undefined ? NO_SUBTREES : readSubtrees(permitted, 0),
    excluded: excluded === undefined ? NO_SUBTREES : readSubtrees(excluded, 1),
  };
}

function readSubtrees(side: DerElement, number: number): NameSubtrees {
  // "minimum MUST be zero, and maximum MUST be absent": the default is not encoded, so only the
  // base is left.
  const bases = derList(side, CONTEXT_CONSTRUCTED + number).map((subtree) => {
    const [base] = derElements(subtree, 1);
    return readGeneralName(base, SUBNET_SIZES);
  });
  if (bases.length === 0) throw derInvalid('nameConstraints', 'some subtrees');
  return byKind(bases);
}

function byKind(names: readonly GeneralName[]): SubjectAltName {
  return {
    dns: names.flatMap((name) => (name.kind === 'dns' ? [name.name] : [])),
    ip: names.flatMap((name) => (name.kind === 'ip' ? [name.address] : [])),
    others: names.filter((name) => name.kind === 'other').length,
  };
}
