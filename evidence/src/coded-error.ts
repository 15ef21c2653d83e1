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
  readonly expected?: string;
  /** What was found instead. */
  readonly seen?: string;
  /** What the reader can do about it. */
  readonly hint?: string;
  /** The error underneath, if there is one. */
  readonly cause?: unknown;
}

/**
 * Base of every error this product throws on purpose. A package derives one class with a closed set
 * of codes; a code is public and is never reused or renamed.
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly family: ErrorFamily;
  readonly expected: string | undefined;
  readonly seen: string | undefined;
  readonly hint: string | undefined;

  constructor(code: Code, family: ErrorFamily, message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    this.family = family;
    this.expected = details.expected;
    this.seen = details.seen;
    this.hint = details.hint;
  }
}
