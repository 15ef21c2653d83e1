// SPDX-License-Identifier: Apache-2.0
import { LauncherError } from '../errors.ts';

/** A JSON object that an engine answered, whose fields are read one by one. */
export type AnswerObject = Readonly<Record<string, unknown>>;

/**
 * Takes an engine's answer for an object.
 *
 * @param value - what it answered, or a part of it
 * @param what - where it stands, for the error
 * @throws LauncherError ERR_LAUNCHER_ENGINE_REFUSED when it is something else
 */
export function objectOf(value: unknown, what: string): AnswerObject {
  if (!isObject(value)) throw unexpected(what, 'an object', value);
  return value;
}

/** {@link objectOf} for a field; an absent one, or `null`, is an empty object. */
export function objectIn(answer: AnswerObject, field: string): AnswerObject {
  const value = answer[field] ?? {};
  return objectOf(value, field);
}

/**
 * Takes an engine's answer for a list.
 *
 * @returns the elements; none for `null`, which is how Go writes a list without elements
 * @throws LauncherError ERR_LAUNCHER_ENGINE_REFUSED
 */
export function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw unexpected(what, 'a list', value);
  return value;
}

/**
 * Reads a field that must be there.
 *
 * @throws LauncherError ERR_LAUNCHER_ENGINE_REFUSED
 */
export function textIn(answer: AnswerObject, field: string): string {
  const value = answer[field];
  if (typeof value !== 'string') throw unexpected(field, 'a text', value);
  return value;
}

/**
 * Reads a field that must be there.
 *
 * @throws LauncherError ERR_LAUNCHER_ENGINE_REFUSED
 */
export function integerIn(answer: AnswerObject, field: string): number {
  const value = answer[field];
  if (!Number.isSafeInteger(value)) throw unexpected(field, 'an integer', value);
  return Number(value);
}

/** Reads a field that counts as `false` when it is absent. */
export function flagIn(answer: AnswerObject, field: string): boolean {
  return answer[field] === true;
}

/** Texts of a list; anything else in it is left out. */
export function textsOf(values: readonly unknown[]): readonly string[] {
  return values.filter((value) => typeof value === 'string');
}

/** Fields of an object whose values are texts. */
export function textFieldsOf(answer: AnswerObject): Readonly<Record<string, string>> {
  const entries = Object.entries(answer).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  );
  return Object.fromEntries(entries);
}

function isObject(value: unknown): value is AnswerObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unexpected(what: string, expected: string, value: unknown): LauncherError {
  const seen = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
  const message = `answer of the container engine: ${what} is not ${expected}`;
  return new LauncherError('ERR_LAUNCHER_ENGINE_REFUSED', message, { expected, seen });
}
