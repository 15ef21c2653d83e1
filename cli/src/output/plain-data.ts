// SPDX-License-Identifier: Apache-2.0
import { toHex } from '@proofgate/evidence';

/** What JSON can say. */
export type PlainData =
  string | number | boolean | null | readonly PlainData[] | { readonly [key: string]: PlainData };

/**
 * Parsed evidence as JSON: bytes become hex, dates ISO 8601, big integers decimal text, maps and sets lists. Members
 * that are `undefined` are left out.
 */
export function plainData(value: unknown): PlainData {
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    return [...value].map(plainData);
  }
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  return typeof value === 'object' && value !== null ? plainMembers(value) : null;
}

function plainMembers(value: object): PlainData {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => [key, plainData(member)]),
  );
}

/** Data as rows for a table: the path of each value and its text; what is empty is `none`. */
export function flatten(data: PlainData, path = ''): [path: string, text: string][] {
  if (data === null) return [[path, 'none']];
  if (typeof data !== 'object') return [[path, String(data)]];
  const members = Object.entries(data);
  if (members.length === 0) return [[path, 'none']];
  return members.flatMap(([key, member]) => flatten(member, path === '' ? key : `${path}.${key}`));
}
