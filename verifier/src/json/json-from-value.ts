// SPDX-License-Identifier: Apache-2.0
import { JsonSyntaxError, type JsonValue, MAX_JSON_DEPTH } from './strict-json.ts';

/**
 * Turns a value that is an object already, such as the result of `JSON.parse`, into a strict JSON value.
 *
 * @throws JsonSyntaxError for anything that JSON cannot express
 */
export function jsonFromValue(value: unknown, depth = 0): JsonValue {
  if (depth > MAX_JSON_DEPTH) throw new JsonSyntaxError(`nested deeper than ${MAX_JSON_DEPTH}`);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item) => jsonFromValue(item, depth + 1));
  if (typeof value === 'object') {
    return new Map(
      Object.entries(value).map(([key, member]) => [key, jsonFromValue(member, depth + 1)]),
    );
  }
  throw new JsonSyntaxError(`a ${typeof value} is not JSON`);
}
