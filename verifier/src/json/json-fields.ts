// SPDX-License-Identifier: Apache-2.0
import { fromHex } from '@proofgate/evidence';
import type { JsonArray, JsonObject, JsonValue } from './strict-json.ts';

/** Turns "this field is wrong" into the error of the document that is being read. */
export type FieldFailure = (path: string, expected: string, seen: string) => never;

const HEX = /^(?:[0-9a-fA-F]{2})*$/;
// RFC 3339 in UTC, seconds precision, as Intel and our policies write it.
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** Reads typed members of one JSON object; every getter names the full path of what is wrong. */
export class JsonFields {
  readonly path: string;
  readonly #object: JsonObject;
  readonly #fail: FieldFailure;

  /** @throws what `fail` throws, when the value is not an object */
  constructor(value: JsonValue | undefined, path: string, fail: FieldFailure) {
    if (!isObject(value)) fail(path, 'an object', describe(value));
    this.#object = value;
    this.path = path;
    this.#fail = fail;
  }

  has(name: string): boolean {
    return this.#object.has(name);
  }

  keys(): readonly string[] {
    return [...this.#object.keys()];
  }

  /** The raw value of a member, undefined when absent. */
  value(name: string): JsonValue | undefined {
    return this.#object.get(name);
  }

  fail(name: string, expected: string, seen?: string): never {
    return this.#fail(this.at(name), expected, seen ?? describe(this.#object.get(name)));
  }

  at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  string(name: string, pattern?: RegExp, what = 'a string'): string {
    const value = this.#object.get(name);
    if (typeof value !== 'string') return this.fail(name, what);
    if (pattern !== undefined && !pattern.test(value)) return this.fail(name, what);
    return value;
  }

  boolean(name: string): boolean {
    const value = this.#object.get(name);
    return typeof value === 'boolean' ? value : this.fail(name, 'true or false');
  }

  integer(name: string, minimum: number, maximum: number): number {
    const value = this.#object.get(name);
    const inside =
      typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum;
    return inside ? value : this.fail(name, `an integer from ${minimum} to ${maximum}`);
  }

  /** Bytes written in hex, either case. */
  hex(name: string, size: number): Uint8Array {
    const what = `${size} bytes in hex`;
    const text = this.string(name, HEX, what);
    return text.length === 2 * size ? fromHex(text.toLowerCase()) : this.fail(name, what);
  }

  time(name: string): Date {
    const what = 'a time like 2026-01-31T12:00:00Z';
    const text = this.string(name, TIME, what);
    const date = new Date(text);
    // Dates such as 30 February parse in some engines and shift: writing the date back shows it.
    const same = !Number.isNaN(date.getTime()) && `${date.toISOString().slice(0, 19)}Z` === text;
    return same ? date : this.fail(name, what);
  }

  array(name: string, minimum: number, maximum: number): JsonArray {
    const value = this.#object.get(name);
    if (!isArray(value)) return this.fail(name, 'an array');
    if (value.length < minimum || value.length > maximum) {
      return this.fail(name, `${minimum} to ${maximum} items`, `${value.length} items`);
    }
    return value;
  }

  /** An array of objects. */
  objects(name: string, minimum: number, maximum: number): JsonFields[] {
    return this.array(name, minimum, maximum).map(
      (item, index) => new JsonFields(item, `${this.at(name)}[${index}]`, this.#fail),
    );
  }

  /** An array of strings, each matching `pattern`. */
  strings(name: string, maximum: number, pattern: RegExp, what: string): string[] {
    return this.array(name, 0, maximum).map((item, index) => {
      if (typeof item === 'string' && pattern.test(item)) return item;
      return this.#fail(`${this.at(name)}[${index}]`, what, describe(item));
    });
  }

  object(name: string): JsonFields {
    return new JsonFields(this.#object.get(name), this.at(name), this.#fail);
  }
}

/** A value for an error message: scalars as JSON and cut short, the rest by kind. */
export function describe(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (isArray(value)) return 'an array';
  if (isObject(value)) return 'an object';
  const text = JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}

/** Whether a JSON value is an array. */
export function isArray(value: JsonValue | undefined): value is JsonArray {
  return Array.isArray(value);
}

/** Whether a JSON value is an object. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}
