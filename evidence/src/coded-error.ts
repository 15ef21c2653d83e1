// SPDX-License-Identifier: Apache-2.0

/**
 * Who has to act on an error: `misuse` the programmer who called us, `unavailable` nobody yet (try
 * again), `rejected` whoever supplied what was refused.
 */
export type ErrorFamily = 'misuse' | 'unavailable' | 'rejected';

/** One package's error codes: code → family and a sentence for `docs/errors.md`. */
export type ErrorTable = Readonly<Record<string, readonly [family: ErrorFamily, summary: string]>>;

/** What a refusal says besides its message. Values are public data, never secrets. */
export interface ErrorDetails {
  /** What would have been accepted. */
  readonly expected?: string | undefined;
  /** What was found instead. */
  readonly seen?: string | undefined;
  /** What the reader can do about it. */
  readonly hint?: string | undefined;
  /** The error underneath; the member is left out when there is none. */
  readonly cause?: unknown;
}

/**
 * Base of every error this product throws on purpose. A package derives one class with a closed set
 * of codes; a code is public and is never reused or renamed.
 */
export class CodedError<Code extends string = string> extends Error {
  // Declared alone: the constructor sets them.
  declare readonly code: Code;
  declare readonly family: ErrorFamily;
  declare readonly expected: string | undefined;
  declare readonly seen: string | undefined;
  declare readonly hint: string | undefined;

  constructor(code: Code, family: ErrorFamily, message: string, details: ErrorDetails = {}) {
    // Of the details, the base class takes the cause, if there is one.
    super(message, details);
    this.name = new.target.name;
    this.code = code;
    this.family = family;
    ({ expected: this.expected, seen: this.seen, hint: this.hint } = details);
  }
}
