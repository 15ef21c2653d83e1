// SPDX-License-Identifier: Apache-2.0

/** A member of a flat object. */
export type FlatValue = string | number | null;

// Strings are unrolled so that long ones cost no backtracking (RFC 8259, section 7).
const STRING = String.raw`"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"`;
const SPACE = String.raw`[ \t\n\r]*`;
const INTEGER = String.raw`-?(?:0|[1-9][0-9]{0,14})`;
const MEMBER = new RegExp(
  `${SPACE}(${STRING})${SPACE}:${SPACE}(${STRING}|${INTEGER}|null)${SPACE}(,|}${SPACE}$)`,
  'y',
);
const OPENING = new RegExp(`${SPACE}\\{`, 'y');

/**
 * Reads a JSON object whose members are texts, whole numbers and null. Anything that two readers could take for different
 * things is refused: a repeated member, something before or after the object, nesting.
 *
 * @returns `undefined` for anything else
 */
export function readFlatJson(text: string): ReadonlyMap<string, FlatValue> | undefined {
  const members = new Map<string, FlatValue>();
  OPENING.lastIndex = 0;
  let at = OPENING.test(text) ? OPENING.lastIndex : -1;
  while (at >= 0) {
    MEMBER.lastIndex = at;
    const [, name = '', value = '', end = ''] = MEMBER.exec(text) ?? [];
    if (end === '') return undefined;
    at = MEMBER.lastIndex;
    // Sound: by the grammar above these are a text, and a text, a number or null.
    const key = JSON.parse(name) as string;
    if (members.has(key)) return undefined;
    members.set(key, JSON.parse(value) as FlatValue);
    if (end !== ',') return members;
  }
  return undefined;
}
