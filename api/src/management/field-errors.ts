// SPDX-License-Identifier: Apache-2.0
import type { z } from 'zod';
import type { FieldError } from './problem.ts';

/** What a value is judged by. */
export type FieldSchema<T> = z.ZodType<T, unknown>;

/** Outcome of {@link checkFields}. */
export type FieldOutcome<T> =
  | { readonly kind: 'accepted'; readonly value: T }
  | { readonly kind: 'refused'; readonly errors: readonly FieldError[] };

/** Fields of one request that are told: a document that is wrong everywhere needs no complete list. */
export const MAX_FIELD_ERRORS = 100;

type Issue = z.core.$ZodIssue;

/** What is wrong with a value, and where. */
export interface FieldProblem {
  readonly path: readonly PropertyKey[];
  readonly detail: string;
}

/** Judges a value by a schema; every error points to its field. */
export function checkFields<T>(schema: FieldSchema<T>, value: unknown): FieldOutcome<T> {
  const outcome = judgeFields(schema, value);
  if (outcome.kind === 'accepted') return outcome;
  const errors = outcome.problems
    .slice(0, MAX_FIELD_ERRORS)
    .map(({ path, detail }) => ({ pointer: jsonPointer(path), detail }));
  return { kind: 'refused', errors };
}

/** Judges a value by a schema, field by field. */
export function judgeFields<T>(
  schema: FieldSchema<T>,
  value: unknown,
):
  | { readonly kind: 'accepted'; readonly value: T }
  | { readonly kind: 'refused'; readonly problems: readonly FieldProblem[] } {
  const result = schema.safeParse(value, { error: messageOf });
  if (result.success) return { kind: 'accepted', value: result.data };
  return {
    kind: 'refused',
    problems: result.error.issues.flatMap((issue) => problemsOf(issue, [])),
  };
}

/** A path as JSON Pointer (RFC 6901, section 3). */
function jsonPointer(path: readonly PropertyKey[]): string {
  return path
    .map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

function problemsOf(issue: Issue, parent: readonly PropertyKey[]): readonly FieldProblem[] {
  const path = [...parent, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], detail: 'is unknown' }));
  }
  if (issue.code === 'invalid_key') {
    const reasons = issue.issues.map(({ message }) => message).join('; ');
    return [{ path, detail: `is not a valid name: ${reasons}` }];
  }
  const branch = issue.code === 'invalid_union' ? likelyBranch(issue.errors) : undefined;
  if (branch !== undefined) return branch.flatMap((inner) => problemsOf(inner, path));
  // Zod begins its own messages with a capital and a class of the problem, such as "Too big: expected …".
  return [{ path, detail: issue.message.replace(/^(?:Invalid|Too) [a-z]+: /, '') }];
}

/** The one alternative that the value has the form of, if exactly one is left. */
function likelyBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const alike = branches.filter(
    (issues) => !issues.some(({ code, path }) => path.length === 0 && code === 'invalid_type'),
  );
  return alike.length === 1 ? alike[0] : undefined;
}

function messageOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'invalid_type') return undefined;
  return issue.input === undefined ? 'is missing' : `expected ${issue.expected}`;
}
