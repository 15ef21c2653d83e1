// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** A JSON Schema, draft 2020-12, as far as ours go. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** The published schema of what a command prints with `--json`. */
export function schemaOf(command: string): JsonSchema {
  const file = new URL(`../../../docs/schema/proofgate.${command}.schema.json`, import.meta.url);
  // Sound: a test that reads another file as a schema fails at its first keyword.
  return JSON.parse(readFileSync(file, 'utf8')) as JsonSchema;
}

type Check = (schema: unknown, value: unknown, path: string, root: JsonSchema) => string[];

/** Words about the schema rather than the value. */
const ANNOTATIONS = new Set(['$schema', '$id', '$comment', '$defs', 'title', 'description']);

/** Keywords that are read together with another one. */
const COMPANIONS = new Set(['then', 'else', 'properties', 'additionalProperties']);

/**
 * Checks a value against a schema.
 *
 * @returns what is wrong, each with its path
 * @throws Error for a keyword that is not known here: a check that does not take place must not pass
 */
export function violations(schema: JsonSchema, value: unknown): readonly string[] {
  return check(schema, value, '$', schema);
}

const CHECKS: Readonly<Record<string, Check>> = {
  $ref: (ref, value, path, root) => check(resolve(String(ref), root), value, path, root),
  type: (types, value, path) =>
    [types].flat().some((type) => hasType(value, String(type)))
      ? []
      : [`${path} is not ${JSON.stringify(types)}`],
  enum: (words, value, path) =>
    (words as unknown[]).includes(value) ? [] : [`${path} is not in ${JSON.stringify(words)}`],
  const: (word, value, path) => (value === word ? [] : [`${path} is not ${JSON.stringify(word)}`]),
  pattern: (pattern, value, path) =>
    typeof value !== 'string' || new RegExp(String(pattern), 'u').test(value)
      ? []
      : [`${path} does not match ${String(pattern)}`],
  minimum: (least, value, path) =>
    typeof value !== 'number' || value >= Number(least)
      ? []
      : [`${path} is below ${String(least)}`],
  maximum: (most, value, path) =>
    typeof value !== 'number' || value <= Number(most) ? [] : [`${path} is above ${String(most)}`],
  maxLength: (most, value, path) =>
    typeof value !== 'string' || value.length <= Number(most) ? [] : [`${path} is too long`],
  format: (format, value, path) => {
    if (format !== 'date-time') throw new Error(`unknown format ${String(format)} at ${path}`);
    return typeof value !== 'string' || new Date(value).toISOString() === value
      ? []
      : [`${path} is no time`];
  },
  required: (names, value, path) =>
    (names as string[])
      .filter((name) => isObject(value) && !Object.hasOwn(value, name))
      .map((name) => `${path}.${name} is missing`),
  minItems: (least, value, path) =>
    !Array.isArray(value) || value.length >= Number(least) ? [] : [`${path} has too few items`],
  maxItems: (most, value, path) =>
    !Array.isArray(value) || value.length <= Number(most) ? [] : [`${path} has too many items`],
  minProperties: (least, value, path) =>
    !isObject(value) || Object.keys(value).length >= Number(least)
      ? []
      : [`${path} has too few members`],
  maxProperties: (most, value, path) =>
    !isObject(value) || Object.keys(value).length <= Number(most)
      ? []
      : [`${path} has too many members`],
  propertyNames: (schema, value, path, root) =>
    isObject(value)
      ? Object.keys(value).flatMap((name) =>
          check(schema as JsonSchema, name, `${path}, name ${name}`, root),
        )
      : [],
  items: (items, value, path, root) =>
    Array.isArray(value)
      ? value.flatMap((item, index) =>
          check(items as JsonSchema, item, `${path}[${String(index)}]`, root),
        )
      : [],
  anyOf: (options, value, path, root) =>
    (options as JsonSchema[]).some((option) => check(option, value, path, root).length === 0)
      ? []
      : [`${path} is none of the alternatives`],
  not: (schema, value, path, root) =>
    check(schema as JsonSchema, value, path, root).length > 0
      ? []
      : [`${path} is what it must not be`],
};

function check(schema: JsonSchema, value: unknown, path: string, root: JsonSchema): string[] {
  const members = checkMembers(schema, value, path, root);
  const others = Object.entries(schema).flatMap(([keyword, content]) => {
    if (ANNOTATIONS.has(keyword) || COMPANIONS.has(keyword)) return [];
    if (keyword === 'if') return checkCondition(schema, value, path, root);
    const known = CHECKS[keyword];
    if (known === undefined) throw new Error(`unknown keyword ${keyword} at ${path}`);
    return known(content, value, path, root);
  });
  return [...members, ...others];
}

function checkMembers(
  { properties = {}, additionalProperties: others = true }: JsonSchema,
  value: unknown,
  path: string,
  root: JsonSchema,
): string[] {
  if (!isObject(value)) return [];
  const known = properties as Readonly<Record<string, JsonSchema>>;
  return Object.entries(value).flatMap(([name, member]) => {
    const here = `${path}.${name}`;
    const schema = Object.hasOwn(known, name) ? known[name] : others;
    if (typeof schema === 'object') return check(schema as JsonSchema, member, here, root);
    return schema === true ? [] : [`${here} is not in the schema`];
  });
}

function checkCondition(
  schema: JsonSchema,
  value: unknown,
  path: string,
  root: JsonSchema,
): string[] {
  const holds = check(schema['if'] as JsonSchema, value, path, root).length === 0;
  return check((schema[holds ? 'then' : 'else'] ?? {}) as JsonSchema, value, path, root);
}

function resolve(ref: string, root: JsonSchema): JsonSchema {
  const name = /^#\/\$defs\/(\w+)$/u.exec(ref)?.[1] ?? '';
  const found = (root['$defs'] as Readonly<Record<string, JsonSchema>>)[name];
  if (found === undefined) throw new Error(`unknown reference ${ref}`);
  return found;
}

function hasType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
