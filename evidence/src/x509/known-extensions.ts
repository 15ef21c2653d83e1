// SPDX-License-Identifier: Apache-2.0
import { type DerElement, parseDer } from '../asn1/der-element.ts';
import type { Extensions } from './extension-list.ts';

/** For each member, the OID of the extension that it is read from, and how. */
export type ExtensionReaders<Members> = {
  readonly [Key in keyof Members]-?: readonly [
    oid: string,
    read: (value: DerElement) => Members[Key] | undefined,
  ];
};

/**
 * Reads every extension that is present and in the table.
 *
 * All are read whether or not somebody asks for them later: a certificate with a malformed one is
 * refused wherever it turns up.
 *
 * @returns members that are absent if their extension is
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function readKnownExtensions<Members extends object>(
  extensions: Extensions,
  readers: ExtensionReaders<Members>,
): Members {
  const members: Partial<Members> = {};
  for (const key in readers) {
    const [oid, read] = readers[key];
    const extension = extensions.get(oid);
    const value = extension && read(parseDer(extension.value));
    if (value !== undefined) members[key] = value;
  }
  // Sound: every member of such an interface is optional, and those that are set came from their readers.
  return members as Members;
}
