// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '../errors.ts';

/** Deepest nesting that is written; our documents need three levels. */
export const MAX_CANONICAL_DEPTH = 32;

/**
 * Writes a JSON value in the canonical form of RFC 8785: members sorted by UTF-16 code units,
 * numbers and strings as ECMAScript writes them, no white space.
 *
 * @param value what JSON can express, and nothing else: no `undefined`, no `bigint`, no class
 * instances
 * @throws EvidenceError `ERR_CANONICAL_JSON`
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_CANONICAL_DEPTH) throw refused(`more than ${MAX_CANONICAL_DEPTH} levels`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return writeNumber(value);
  if (typeof value === 'string') return writeString(value);
  if (Array.isArray(value)) {
    // `Array.from` turns the holes of a sparse array into `undefined`, which is refused below.
    return `[${Array.from(value, (item) => write(item, depth + 1)).join(',')}]`;
  }
  if (typeof value === 'object' && isPlain(value)) return writeObject(value, depth);
  throw refused(typeof value);
}

// RFC 8785, section 3.2.2.3: the algorithm of ECMAScript, which JSON.stringify applies; -0 becomes
// 0.
function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw refused(String(value));
  return JSON.stringify(value);
}

// RFC 8785, section 3.2.2.2: lone surrogates MUST cause an error.
function writeString(value: string): string {
  if (/\p{Surrogate}/u.test(value)) throw refused('a lone surrogate');
  return JSON.stringify(value);
}

function writeObject(value: object, depth: number): string {
  // RFC 8785, section 3.2.3: sorted as arrays of UTF-16 code units, which is how JavaScript
  // compares strings.
  const members = Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${writeString(key)}:${write(member, depth + 1)}`);
  return `{${members.join(',')}}`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function refused(seen: string): EvidenceError {
  return new EvidenceError(
    'ERR_CANONICAL_JSON',
    'value has no canonical JSON form',
    {
      expected: 'null, boolean, finite number, well-formed string, array or plain object',
      seen,
    },
    'misuse',
  );
}
