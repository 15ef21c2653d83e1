// SPDX-License-Identifier: Apache-2.0

/** A JSON value. Objects are maps, so that no member name can touch a prototype. */
export type JsonValue = null | boolean | number | string | JsonArray | JsonObject;
/** A JSON array. */
export type JsonArray = readonly JsonValue[];
/** A JSON object; its members are unique. */
export type JsonObject = ReadonlyMap<string, JsonValue>;

/** A document that is not strict JSON. The caller wraps it with its own code. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
}

/** Intel's TCB info, the largest document we read, is 7 KB; policies are smaller. */
export const MAX_JSON_LENGTH = 262_144;
/** TCB info nests six levels deep, a policy three. */
export const MAX_JSON_DEPTH = 12;

// White space, then one token of RFC 8259, or nothing where there is none. Strings are unrolled so that long ones cost no
// backtracking.
const TOKEN =
  /[ \t\n\r]*([{}[\]:,]|true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"|)/y;

/** Told about each member of the outermost object, and where its value begins and ends in the text. */
type MemberListener = (name: string, start: number, end: number) => void;

/**
 * Parses JSON (RFC 8259) and refuses what two parsers could read differently: a repeated member name.
 *
 * @throws JsonSyntaxError with the position; also for documents that are too long or too deep
 */
export function parseStrictJson(text: string, onMember?: MemberListener): JsonValue {
  if (text.length > MAX_JSON_LENGTH) {
    throw new JsonSyntaxError(`document has ${text.length} characters, over ${MAX_JSON_LENGTH}`);
  }
  // Where the last token begins and ends.
  let start = 0;
  let end = 0;

  const next = (): string => {
    TOKEN.lastIndex = end;
    const token = TOKEN.exec(text)?.[1] ?? '';
    end = TOKEN.lastIndex;
    start = end - token.length;
    return token;
  };
  const demand = (met: boolean, expected: string): void => {
    if (met) return;
    const lines = text.slice(0, start).split('\n');
    const column = (lines.at(-1) ?? '').length + 1;
    throw new JsonSyntaxError(`expected ${expected} at line ${lines.length}, column ${column}`);
  };
  // Reads what stands between a bracket and its counterpart; `read` is given the first token of each item.
  const items = (close: string, read: (token: string) => void): void => {
    let token = next();
    if (token === close) return;
    for (;;) {
      read(token);
      token = next();
      if (token === close) return;
      demand(token === ',', `"," or "${close}"`);
      token = next();
    }
  };
  const value = (token: string, depth: number): JsonValue => {
    if (depth > MAX_JSON_DEPTH) throw new JsonSyntaxError(`nested deeper than ${MAX_JSON_DEPTH}`);
    if (token === '[') {
      const list: JsonValue[] = [];
      items(']', (first) => list.push(value(first, depth + 1)));
      return list;
    }
    if (token === '{') {
      const members = new Map<string, JsonValue>();
      items('}', (name) => {
        demand(name.startsWith('"'), 'a string');
        // A string literal by the grammar above decodes to a string and nothing else.
        const key = JSON.parse(name) as string;
        if (members.has(key)) throw new JsonSyntaxError(`member ${name} is repeated`);
        demand(next() === ':', '":"');
        const first = next();
        const from = start;
        members.set(key, value(first, depth + 1));
        if (depth === 0) onMember?.(key, from, end);
      });
      return members;
    }
    // What is left of the tokens: punctuation in a wrong place, or nothing.
    demand(!'{}[]:,'.includes(token), 'a value');
    // Literals, numbers and strings by the grammar above are scalars.
    return JSON.parse(token) as null | boolean | number | string;
  };

  const document = value(next(), 0);
  demand(next() === '' && end === text.length, 'end of document');
  return document;
}

/**
 * The exact source text of one member's value of a JSON object, for signatures that cover the bytes as served.
 *
 * @returns undefined when the document is not an object or has no such member
 * @throws JsonSyntaxError as {@link parseStrictJson}
 */
export function sliceMember(text: string, member: string): string | undefined {
  let slice: string | undefined;
  parseStrictJson(text, (name, start, end) => {
    if (name === member) slice = text.slice(start, end);
  });
  return slice;
}
