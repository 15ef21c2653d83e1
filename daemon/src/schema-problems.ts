// SPDX-License-Identifier: Apache-2.0
import type { z } from 'zod';
import { nearestKey } from './nearest-key.ts';

/** A field that the schema refuses. */
export interface SchemaProblem {
  readonly path: readonly PropertyKey[];
  /** Whether the key itself is wrong or what it holds. */
  readonly part: 'key' | 'value';
  readonly message: string;
  readonly hint?: string;
}

/** Outcome of {@link checkSchema}. */
export type SchemaOutcome<T> =
  | { readonly kind: 'accepted'; readonly value: T }
  | { readonly kind: 'refused'; readonly problems: readonly SchemaProblem[] };

/** Longest value that a message repeats: enough to recognise it. */
const MAX_SHOWN_LENGTH = 60;

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

/** Judges a value by a schema; every problem names its field, and unknown keys the ones that exist. */
export function checkSchema<T>(schema: z.ZodType<T>, value: unknown): SchemaOutcome<T> {
  // Zod drops the schema from a finished issue, so what a message needs of it is kept from the raw one. Both share
  // the list of keys.
  const allowedKeys = new Map<readonly string[], readonly string[]>();
  const result = schema.safeParse(value, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') allowedKeys.set(issue.keys, shapeKeys(issue.inst));
      return message(issue);
    },
  });
  if (result.success) return { kind: 'accepted', value: result.data };
  const problems = result.error.issues.flatMap((issue) => schemaProblems(issue, [], allowedKeys));
  return { kind: 'refused', problems };
}

function schemaProblems(
  issue: Issue,
  parent: readonly PropertyKey[],
  allowedKeys: ReadonlyMap<readonly string[], readonly string[]>,
): SchemaProblem[] {
  const path = [...parent, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const allowed = allowedKeys.get(issue.keys) ?? [];
    return issue.keys.map((key) => unknownKey([...path, key], key, allowed));
  }
  if (issue.code === 'invalid_key') {
    const reasons = issue.issues.map((inner) => inner.message).join('; ');
    return [
      { path, part: 'key', message: `${quoted(path.at(-1))} is not a valid name: ${reasons}` },
    ];
  }
  if (issue.code === 'invalid_union') {
    const branch = likelyBranch(issue.errors);
    if (branch !== undefined) {
      return branch.flatMap((inner) => schemaProblems(inner, path, allowedKeys));
    }
  }
  // Zod begins its own messages with a capital and a class of the problem, such as "Too big: expected …".
  const text = issue.message.replace(/^(?:Invalid|Too) [a-z]+: /, '');
  return [{ path, part: 'value', message: text }];
}

/** The one alternative that the value has the form of, if exactly one is left. */
function likelyBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const alike = branches.filter((issues) => !issues.some(isOtherForm));
  return alike.length === 1 ? alike[0] : undefined;
}

function isOtherForm({ code, path }: Issue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

function unknownKey(
  path: readonly PropertyKey[],
  key: string,
  allowed: readonly string[],
): SchemaProblem {
  const near = nearestKey(key, allowed);
  const meant = near === undefined ? '' : `did you mean "${near}"? `;
  return {
    path,
    part: 'key',
    message: `unknown key "${key}"`,
    hint: `${meant}allowed: ${allowed.join(', ')}`,
  };
}

function message(issue: RawIssue): string | undefined {
  if (issue.code === 'invalid_type') {
    const seen = issue.input === undefined ? 'it is missing' : `not ${typeName(issue.input)}`;
    return `expected ${issue.expected}, ${seen}`;
  }
  if (issue.code === 'invalid_value') {
    const options = issue.values.map(String);
    const near = typeof issue.input === 'string' ? nearestKey(issue.input, options) : undefined;
    const meant = near === undefined ? '' : `; did you mean "${near}"?`;
    return `expected ${options.join(', ')}, not ${quoted(issue.input)}${meant}`;
  }
  return undefined;
}

function shapeKeys(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null || !('shape' in schema)) return [];
  const { shape } = schema;
  return typeof shape === 'object' && shape !== null ? Object.keys(shape) : [];
}

function typeName(value: unknown): string {
  if (value === null) return 'empty';
  return Array.isArray(value) ? 'a list' : typeof value;
}

function quoted(value: unknown): string {
  if (typeof value === 'string') return `"${value.slice(0, MAX_SHOWN_LENGTH)}"`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeName(value);
}
