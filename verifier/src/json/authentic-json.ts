// SPDX-License-Identifier: Apache-2.0
import type { JsonValue } from './strict-json.ts';

// Every string, and the colon behind it when it is a name. Unrolled so that long strings cost no backtracking.
const STRINGS = /"[^"\\]*(?:\\.[^"\\]*)*"(?:\s*:)?/g;

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
  const withMaps = (item: unknown): JsonValue => {
    if (Array.isArray(item)) return item.map(withMaps);
    // Sound: of what the parser makes, scalars are left.
    if (!(item instanceof Object)) return item as JsonValue;
    const map = new Map<string, JsonValue>();
    for (const [name, member] of Object.entries(item)) map.set(name, withMaps(member));
    members += map.size;
    return map;
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    fail('JSON', String(error));
  }
  const value = withMaps(parsed);
  const names = text.match(STRINGS)?.filter((string) => string.endsWith(':')).length ?? 0;
  if (names !== members) fail('each member once', `${names} for ${members}`);
  return value;
}
