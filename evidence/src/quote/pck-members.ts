// SPDX-License-Identifier: Apache-2.0
import { type DerElement, derElements, derList } from '../asn1/der-element.ts';
import { derInvalid } from '../asn1/der-error.ts';
import { readOctets, readOid } from '../asn1/der-values.ts';

/** Takes a member out and reads its value. */
export type TakeMember = <T>(arc: number, read: (value: DerElement) => T) => T;

/**
 * Reads `SEQUENCE OF SEQUENCE { OID, value }`, the shape that Intel's PCK extension has on every
 * level. Members are taken out one by one; those that nobody asks for are refused.
 *
 * @param base OID above those of the members
 * @param read gets a function that takes a member out by its last arc and refuses when there is none, and one that tells
 * whether there is one
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function readPckMembers<T>(
  list: DerElement,
  base: string,
  read: (take: TakeMember, has: (arc: number) => boolean) => T,
): T {
  const values = new Map<string, DerElement>();
  for (const member of derList(list)) {
    const [type, value] = derElements(member, 2);
    const oid = readOid(type);
    if (value === undefined || values.has(oid)) throw derInvalid('extension', 'each once', oid);
    values.set(oid, value);
  }
  const result = read(
    (arc, readValue) => {
      const oid = `${base}.${arc}`;
      const value = values.get(oid);
      if (value === undefined) throw derInvalid('extension', oid);
      values.delete(oid);
      return readValue(value);
    },
    (arc) => values.has(`${base}.${arc}`),
  );
  if (values.size > 0) throw derInvalid('extension', 'known members', [...values.keys()].join());
  return result;
}

/** Reads an OCTET STRING of a fixed size. */
export function octets(size: number): (value: DerElement) => Uint8Array {
  return (value) => {
    const bytes = readOctets(value);
    if (bytes.length === size) return bytes;
    throw derInvalid('member', `${size} bytes`, `${bytes.length}`);
  };
}
