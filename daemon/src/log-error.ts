// SPDX-License-Identifier: Apache-2.0
import type { CodedError } from '@proofgate/evidence';
import { asCodedError } from './as-coded-error.ts';

/** An error as it appears in the log. */
export interface LoggedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly family?: string;
  readonly expected?: string;
  readonly seen?: string;
  readonly hint?: string;
  /** Only of errors that are not coded: a coded one is expected, and says what happened. */
  readonly stack?: string;
  readonly cause?: LoggedError | string;
}

/** Causes of causes that are followed: deeper chains are loops or noise. */
export const MAX_CAUSES = 8;

/** An error and its causes as plain data: a coded one by what it says, any other by its stack as well. */
export function serializeError(error: Error, causes = 0): LoggedError {
  const coded = asCodedError(error);
  const cause = causes < MAX_CAUSES ? serializeCause(error.cause, causes + 1) : undefined;
  return {
    name: error.name,
    message: error.message,
    ...(coded === undefined ? foreignFields(error) : codedFields(coded)),
    ...(cause === undefined ? {} : { cause }),
  };
}

function serializeCause(cause: unknown, causes: number): LoggedError | string | undefined {
  if (cause instanceof Error) return serializeError(cause, causes);
  // A thrown object of unknown shape may hold anything: only text is repeated.
  return typeof cause === 'string' ? cause : undefined;
}

function codedFields(error: CodedError): Partial<LoggedError> {
  const { code, family, expected, seen, hint } = error;
  return {
    code,
    family,
    ...(expected === undefined ? {} : { expected }),
    ...(seen === undefined ? {} : { seen }),
    ...(hint === undefined ? {} : { hint }),
  };
}

function foreignFields(error: Error): Partial<LoggedError> {
  return {
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
  };
}
