// SPDX-License-Identifier: Apache-2.0
import { VerifierError } from '../errors.ts';
import { type FieldFailure, type JsonFields, isArray } from '../json/json-fields.ts';
import { nearestKey } from './nearest-key.ts';

/** Refuses a policy file. */
export const policyFailure: FieldFailure = (path, expected, seen) => {
  throw new VerifierError(
    'ERR_POLICY_INVALID',
    `policy: ${path === '' ? 'the document' : path} is wrong`,
    {
      expected,
      seen,
    },
    'misuse',
  );
};

/**
 * Refuses an object without members: it looks like a rule, and limits nothing.
 *
 * @throws VerifierError `ERR_POLICY_INVALID`
 */
export function checkNotEmpty(fields: JsonFields): void {
  if (fields.members.size === 0) policyFailure(fields.path(), 'at least one member', 'none');
}

/**
 * Refuses members that are not in the schema, and the absence of any.
 *
 * @throws VerifierError `ERR_POLICY_INVALID` with the known key that is nearest
 */
export function checkKeys(fields: JsonFields, known: readonly string[]): void {
  checkNotEmpty(fields);
  for (const key of fields.members.keys()) {
    if (known.includes(key)) continue;
    const near = nearestKey(key, known);
    throw new VerifierError(
      'ERR_POLICY_INVALID',
      `policy: ${fields.at(key)} is not a known key`,
      {
        expected: known.join(', '),
        seen: key,
        hint: near === undefined ? 'remove it' : `did you mean ${near}?`,
      },
      'misuse',
    );
  }
}

/** How many entries any list of a policy may have; a fleet of that size needs several policies. */
export const MAX_POLICY_ITEMS = 1024;

/**
 * Reads a list of strings, or a single one in place of a list of one.
 *
 * @returns undefined when the key is absent
 * @throws VerifierError `ERR_POLICY_INVALID`, also for an empty list, which would accept nothing
 */
export function readWords<Word extends string>(
  fields: JsonFields,
  name: string,
  read: (text: string) => Word | undefined,
  what: string,
): readonly Word[] | undefined {
  if (!fields.has(name)) return undefined;
  const value = fields.members.get(name);
  const items = isArray(value) ? fields.array(name, 1, MAX_POLICY_ITEMS) : [value];
  return items.map((item) => {
    const word = typeof item === 'string' ? read(item) : undefined;
    return word ?? fields.fail(name, what, JSON.stringify(item) ?? 'nothing');
  });
}

/** Reads `true` or `false`; false when the key is absent. */
export function readFlag(fields: JsonFields, name: string): boolean {
  if (!fields.has(name)) return false;
  const value = fields.members.get(name);
  return typeof value === 'boolean' ? value : fields.fail(name, 'true or false');
}

/** Makes a reader of one of a closed set of words. */
export function oneOf<Word extends string>(
  words: readonly Word[],
): (text: string) => Word | undefined {
  return (text) => words.find((word) => word === text);
}

/** Makes a reader of hex of a fixed size, with an optional prefix in lower case, that lower-cases it. */
export function hexOf(size: number, prefix = ''): (text: string) => string | undefined {
  const pattern = new RegExp(`^${prefix}[0-9a-fA-F]{${2 * size}}$`);
  return (text) => (pattern.test(text) ? text.toLowerCase() : undefined);
}
