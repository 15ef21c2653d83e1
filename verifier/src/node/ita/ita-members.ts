// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import { VerifierError } from '@proofgate/verifier';

/** Longest text that is read: a base64 nonce has some hundred characters. */
const MAX_TEXT = 1024;

/**
 * Reads claims of a token where they are: in version 1 all at the top, in version 2 those of the TD under `tdx`. A
 * claim that is stated in both places has to say the same in both.
 */
export class ItaMembers {
  readonly #top: ReadonlyMap<string, unknown>;
  readonly #nested: ReadonlyMap<string, unknown>;

  /** @throws VerifierError `ERR_ITA_CLAIMS` */
  constructor(payload: object) {
    // Maps, because a claim called __proto__ or constructor must be like any other.
    this.#top = new Map(Object.entries(payload));
    const nested = this.#top.get('tdx');
    this.#nested = nested === undefined ? new Map() : this.object('tdx', nested);
  }

  /** A claim that may be absent. */
  value(name: string): unknown {
    const [top, nested] = [this.#top.get(name), this.#nested.get(name)];
    if (top === undefined || nested === undefined) return nested ?? top;
    if (isDeepStrictEqual(top, nested)) return nested;
    return this.fail(name, 'the same at the top and under tdx');
  }

  text(name: string): string {
    const value = this.value(name);
    if (typeof value === 'string' && value !== '' && value.length <= MAX_TEXT) return value;
    return this.fail(name, `a text of 1 to ${MAX_TEXT} characters`);
  }

  /** Lower-case hex of a number of bytes. */
  hex(name: string, bytes: number): string {
    const value = this.value(name);
    if (typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value)) {
      return value;
    }
    return this.fail(name, `${bytes} bytes in lower-case hex`);
  }

  flag(name: string): boolean {
    const value = this.value(name);
    return typeof value === 'boolean' ? value : this.fail(name, 'true or false');
  }

  /** A flag that counts as false when it is absent. */
  optionalFlag(name: string): boolean {
    return this.value(name) === undefined ? false : this.flag(name);
  }

  /** Refuses another value than one; the claim may be absent. */
  literal(name: string, expected: string): void {
    const value = this.value(name);
    if (value !== undefined && value !== expected) this.fail(name, expected);
  }

  /** An array; empty when the claim is absent. */
  list(name: string, maxItems: number): readonly unknown[] {
    const value: unknown = this.value(name) ?? [];
    if (Array.isArray(value) && value.length <= maxItems) return value;
    return this.fail(name, `an array of at most ${maxItems} items`);
  }

  /** The members of an object in a claim. */
  object(name: string, value: unknown): ReadonlyMap<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.fail(name, 'an object');
    }
    return new Map(Object.entries(value));
  }

  /** @throws VerifierError `ERR_ITA_CLAIMS` */
  fail(name: string, expected: string): never {
    throw new VerifierError('ERR_ITA_CLAIMS', `claim ${name} cannot be used`, { expected });
  }
}
