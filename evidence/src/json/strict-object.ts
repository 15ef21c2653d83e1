// SPDX-License-Identifier: Apache-2.0
import { fromBase64 } from '../bytes/base64.ts';
import { EvidenceError, type RejectionCode } from '../errors.ts';

/**
 * Reads the members of a JSON object one by one, each with its checks, and refuses members that
 * nobody asked for.
 *
 * Names in messages are paths, such as `document.manifests.platform`.
 */
export class StrictObject {
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #path: string;
  readonly #code: RejectionCode;
  readonly #unread: Set<string>;

  /**
   * @param value what `JSON.parse` returned
   * @param path name for messages
   * @param code of every error
   */
  constructor(value: unknown, path: string, code: RejectionCode) {
    this.#path = path;
    this.#code = code;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.#wrong(path, 'an object', describe(value));
    }
    // A map, because a member called __proto__ or constructor must be like any other.
    this.#members = new Map(Object.entries(value));
    this.#unread = new Set(this.#members.keys());
  }

  /** Path of a member. */
  pathOf(key: string): string {
    return `${this.#path}.${key}`;
  }

  /** A member as it came; `undefined` if it is not there, which every typed reader refuses. */
  value(key: string): unknown {
    this.#unread.delete(key);
    return this.#members.get(key);
  }

  /** What `read` makes of a member, if it is there. */
  optional<T>(key: string, read: (key: string) => T): T | undefined {
    return this.#members.get(key) === undefined ? undefined : read(key);
  }

  /** A member that is one of several texts or numbers. */
  oneOf<T extends string | number>(key: string, allowed: readonly T[]): T {
    const value = this.value(key);
    const found = allowed.find((item) => item === value);
    if (found === undefined) {
      throw this.#wrong(this.pathOf(key), allowed.join(' or '), describe(value));
    }
    return found;
  }

  /** A boolean. */
  boolean(key: string): boolean {
    const value = this.value(key);
    if (typeof value !== 'boolean') {
      throw this.#wrong(this.pathOf(key), 'a boolean', describe(value));
    }
    return value;
  }

  /** A text that is not empty. */
  text(key: string, maxLength: number): string {
    return this.#text(this.pathOf(key), this.value(key), maxLength);
  }

  /** A text that matches a pattern. */
  pattern(key: string, pattern: RegExp, expected: string, maxLength: number): string {
    const text = this.text(key, maxLength);
    if (!pattern.test(text)) throw this.#wrong(this.pathOf(key), expected, describe(text));
    return text;
  }

  /** Bytes in base64. */
  base64(key: string, maxBytes: number): Uint8Array {
    return this.#base64(this.pathOf(key), this.value(key), maxBytes);
  }

  /** A list of bytes in base64, at least one. */
  base64List(key: string, maxItems: number, maxBytes: number): Uint8Array[] {
    const items = this.list(key, maxItems);
    if (items.length === 0) throw this.#wrong(this.pathOf(key), 'at least one item', 'none');
    return items.map((item, index) =>
      this.#base64(`${this.pathOf(key)}[${index}]`, item, maxBytes),
    );
  }

  /** An array. */
  list(key: string, maxItems: number): readonly unknown[] {
    const value: unknown = this.value(key);
    if (!Array.isArray(value) || value.length > maxItems) {
      throw this.#wrong(this.pathOf(key), `an array of at most ${maxItems} items`, describe(value));
    }
    return value;
  }

  /** Refuses members that have not been read. */
  finish(): void {
    const [key] = this.#unread;
    if (key !== undefined) {
      // Quoted, because the name is whatever the sender wrote.
      throw new EvidenceError(this.#code, `${this.#path} has an unknown member`, {
        expected: 'only members that are defined',
        seen: describe(key),
      });
    }
  }

  #text(path: string, value: unknown, maxLength: number): string {
    if (typeof value !== 'string' || value === '' || value.length > maxLength) {
      throw this.#wrong(path, `a text of 1 to ${maxLength} characters`, describe(value));
    }
    return value;
  }

  #base64(path: string, value: unknown, maxBytes: number): Uint8Array {
    const text = this.#text(path, value, Math.ceil(maxBytes / 3) * 4);
    try {
      return fromBase64(text);
    } catch (cause) {
      throw new EvidenceError(this.#code, `${path} is not base64`, { cause });
    }
  }

  #wrong(path: string, expected: string, seen: string): EvidenceError {
    return new EvidenceError(this.#code, `${path} has a wrong value`, { expected, seen });
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') {
    return value.length > 60 ? `a text of ${value.length} characters` : JSON.stringify(value);
  }
  if (Array.isArray(value)) return `an array of ${value.length} items`;
  return value === null || typeof value !== 'object' ? String(value) : 'an object';
}
