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

const WHITESPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// RFC 8259, section 7, unrolled so that long strings cost no backtracking.
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const LITERALS: readonly (readonly [string, JsonValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

/**
 * Parses JSON (RFC 8259) and refuses what two parsers could read differently: a repeated member name.
 *
 * @throws JsonSyntaxError with the position; also for documents that are too long or too deep
 */
export function parseStrictJson(text: string): JsonValue {
  return new Scanner(text).document();
}

/**
 * The exact source text of one member's value of a JSON object, for signatures that cover the bytes as served.
 *
 * @returns undefined when the document is not an object or has no such member
 * @throws JsonSyntaxError as {@link parseStrictJson}
 */
export function sliceMember(text: string, member: string): string | undefined {
  const scanner = new Scanner(text, member);
  scanner.document();
  return scanner.slice;
}

class Scanner {
  slice: string | undefined;
  readonly #text: string;
  readonly #member: string | undefined;
  #position = 0;

  constructor(text: string, member?: string) {
    if (text.length > MAX_JSON_LENGTH) {
      throw new JsonSyntaxError(`document has ${text.length} characters, over ${MAX_JSON_LENGTH}`);
    }
    this.#text = text;
    this.#member = member;
  }

  document(): JsonValue {
    this.#skip();
    const value = this.#value(0);
    this.#skip();
    if (this.#position !== this.#text.length) this.#fail('end of document');
    return value;
  }

  #value(depth: number): JsonValue {
    if (depth > MAX_JSON_DEPTH) throw new JsonSyntaxError(`nested deeper than ${MAX_JSON_DEPTH}`);
    const first = this.#text[this.#position];
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (first === '"') return this.#string();
    for (const [word, value] of LITERALS) {
      if (this.#text.startsWith(word, this.#position)) {
        this.#position += word.length;
        return value;
      }
    }
    const number = this.#match(NUMBER);
    if (number === undefined) this.#fail('a value');
    return Number(number);
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, JsonValue>();
    this.#list('}', () => {
      const name = this.#string();
      if (members.has(name))
        throw new JsonSyntaxError(`member ${JSON.stringify(name)} is repeated`);
      this.#skip();
      this.#expect(':');
      this.#skip();
      const start = this.#position;
      members.set(name, this.#value(depth + 1));
      if (depth === 0 && name === this.#member) {
        this.slice = this.#text.slice(start, this.#position);
      }
    });
    return members;
  }

  #array(depth: number): JsonArray {
    const items: JsonValue[] = [];
    this.#list(']', () => items.push(this.#value(depth + 1)));
    return items;
  }

  #list(end: string, item: () => void): void {
    this.#position += 1;
    this.#skip();
    if (this.#text[this.#position] === end) {
      this.#position += 1;
      return;
    }
    for (;;) {
      item();
      this.#skip();
      if (this.#text[this.#position] === end) break;
      this.#expect(',');
      this.#skip();
    }
    this.#position += 1;
  }

  #string(): string {
    const literal = this.#match(STRING);
    if (literal === undefined) this.#fail('a string');
    // A string literal by the grammar above decodes to a string and nothing else.
    return JSON.parse(literal) as string;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#position += found.length;
    return found;
  }

  #skip(): void {
    this.#match(WHITESPACE);
  }

  #expect(character: string): void {
    if (this.#text[this.#position] !== character) this.#fail(JSON.stringify(character));
    this.#position += 1;
  }

  #fail(expected: string): never {
    const before = this.#text.slice(0, this.#position);
    const line = before.split('\n').length;
    const column = this.#position - before.lastIndexOf('\n');
    throw new JsonSyntaxError(`expected ${expected} at line ${line}, column ${column}`);
  }
}
