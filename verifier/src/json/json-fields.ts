// SPDX-License-Identifier: Apache-2.0
import { exactDate, readHex } from '@proofgate/evidence';
import type { JsonArray, JsonObject, JsonValue } from './strict-json.ts';

/** Turns "this field is wrong" into the error of the document that is being read. */
export type FieldFailure = (path: string, expected: string, seen: string) => never;

/** Longest value in a message: more would drown what is wrong with it. */
const MAX_SHOWN = 80;

const A_TIME = 'a time like 2026-01-31T12:00:00Z';

/** Reads typed members of one JSON object; every getter names the full path of what is wrong. */
export class JsonFields {
  /** Put together when something is wrong: a document has hundreds of objects, and hardly a path is ever shown. */
  readonly path: () => string;
  /** The members as they are. */
  readonly members: JsonObject;
  readonly #fail: FieldFailure;

  /** @throws what `fail` throws, when the value is not an object */
  constructor(value: JsonValue | undefined, path: () => string, fail: FieldFailure) {
    if (!isObject(value)) fail(path(), 'an object', describe(value));
    this.members = value;
    this.path = path;
    this.#fail = fail;
  }

  has(name: string): boolean {
    return this.members.has(name);
  }

  fail(name: string, expected: string, seen: string = describe(this.members.get(name))): never {
    return this.#fail(this.at(name), expected, seen);
  }

  at(name: string): string {
    const path = this.path();
    return path === '' ? name : `${path}.${name}`;
  }

  string(name: string, pattern: RegExp = /^/, what = 'a string'): string {
    const value = this.members.get(name);
    return matches(value, pattern) ? value : this.fail(name, what);
  }

  integer(name: string, minimum: number, maximum: number): number {
    const value = this.members.get(name);
    return typeof value === 'number' && value % 1 === 0 && value >= minimum && value <= maximum
      ? value
      : this.fail(name, `an integer from ${minimum} to ${maximum}`);
  }

  /** Bytes written in hex, either case. */
  hex(name: string, size: number): Uint8Array {
    const bytes = readHex(this.string(name));
    return bytes?.length === size ? bytes : this.fail(name, `${size} bytes in hex`);
  }

  /** A time of RFC 3339 in UTC and seconds, as Intel and our policies write it. */
  time(name: string): Date {
    return exactDate(this.string(name, /^.{20}$/, A_TIME)) ?? this.fail(name, A_TIME);
  }

  array(name: string, minimum: number, maximum: number): JsonArray {
    const value = this.members.get(name);
    if (!isArray(value)) return this.fail(name, 'an array');
    return value.length >= minimum && value.length <= maximum
      ? value
      : this.fail(name, `${minimum} to ${maximum} items`, `${value.length} items`);
  }

  /** An array of objects. */
  objects(name: string, minimum: number, maximum: number): JsonFields[] {
    return this.array(name, minimum, maximum).map(
      (item, index) => new JsonFields(item, () => `${this.at(name)}[${index}]`, this.#fail),
    );
  }

  /** An array of strings, each matching `pattern`. */
  strings(name: string, maximum: number, pattern: RegExp, what: string): string[] {
    return this.array(name, 0, maximum).map((item, index) =>
      matches(item, pattern) ? item : this.fail(`${name}[${index}]`, what, describe(item)),
    );
  }

  object(name: string): JsonFields {
    return new JsonFields(this.members.get(name), () => this.at(name), this.#fail);
  }
}

/** A value for an error message: scalars as JSON and cut short, the rest by kind. */
export function describe(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (isArray(value)) return 'an array';
  if (isObject(value)) return 'an object';
  const text = JSON.stringify(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

/** Whether a JSON value is an array. */
export function isArray(value: JsonValue | undefined): value is JsonArray {
  return Array.isArray(value);
}

/** Whether a JSON value is an object. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

function matches(value: JsonValue | undefined, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}
