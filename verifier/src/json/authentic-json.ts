// SPDX-License-Identifier: Apache-2.0
import type { JsonValue } from './strict-json.ts';

// Unrolled so that long strings cost no backtracking.
const STRINGS = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g;

/**
 * Parses JSON whose signature has been verified, and whose size therefore needs no limit. The engine's own parser is enough
 * for it; what that parser lets pass, a repeated member name, is refused here.
 *
 * @param fail refuses the document
 */
export function parseAuthenticJson(
  text: string,
  fail: (expected: string, seen: string) => never,
): JsonValue {
  let members = 0;
  const toMap = (_: string, item: unknown): unknown => {
    if (!(item instanceof Object) || Array.isArray(item)) return item;
    const entries = Object.entries(item);
    members += entries.length;
    return new Map(entries);
  };
  let value: unknown;
  try {
    value = JSON.parse(text, toMap);
  } catch (error) {
    fail('JSON', String(error));
  }
  const names = [...text.matchAll(STRINGS)].filter(([, colon]) => colon !== undefined);
  if (names.length !== members) fail('each member once', `${names.length} for ${members}`);
  // Sound: the parser makes these values, and its objects have been replaced by maps.
  return value as JsonValue;
}
