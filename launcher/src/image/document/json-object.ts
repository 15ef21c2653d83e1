// SPDX-License-Identifier: Apache-2.0
import { refused } from '../image-refusal.ts';

/** A JSON object whose fields have not been read yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * A JSON object whose fields can be read in one way only: container engines match names whatever their case, so
 * `Layers` beside `layers` would be one list for them and another one here.
 *
 * @param value - what was parsed
 * @param what - names it in messages
 * @param fields - names that are going to be read
 * @throws LauncherError ERR_LAUNCHER_IMAGE_REFUSED
 */
export function asObject(value: unknown, what: string, fields: readonly string[]): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused(`${what} is not a JSON object`, { expected: 'an object', seen: kindOf(value) });
  }
  const known = new Map(fields.map((field) => [field.toLowerCase(), field]));
  for (const name of Object.keys(value)) {
    const field = known.get(name.toLowerCase());
    if (field !== undefined && field !== name) {
      throw refused(`${what} has a field that some programs read as another one`, {
        expected: field,
        seen: name.slice(0, 100),
      });
    }
  }
  // Not null and not an array: any field may be anything, which is what the type says.
  return value as JsonObject;
}

/**
 * Reads the text of a document of an image.
 *
 * @throws LauncherError ERR_LAUNCHER_IMAGE_REFUSED when it is not JSON in UTF-8
 */
export function parseDocument(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw refused(`${what} is not JSON`, { cause });
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value;
}
