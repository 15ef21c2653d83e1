// SPDX-License-Identifier: Apache-2.0
import { STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import { PROBLEM_CONTENT_TYPE, type Problem } from '@proofgate/api';
import type { UnixResponse } from '@proofgate/daemon';
import { CodedError, type ErrorFamily } from '@proofgate/evidence';
import { LauncherError, type LauncherErrorCode } from '../errors.ts';
import { InvalidFieldsError } from './invalid-fields.ts';

/** Headers of every answer: what a VM says about itself is for the one who asked, at that moment. */
const ALWAYS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

const STATUS_OF_CODE: Partial<Record<LauncherErrorCode, number>> = {
  // As Enclave OS answers.
  ERR_LAUNCHER_CA_INVALID: 400,
  ERR_LAUNCHER_REQUEST_MALFORMED: 400,
  ERR_LAUNCHER_TOKEN_MISSING: 401,
  ERR_LAUNCHER_TOKEN_INVALID: 401,
  ERR_LAUNCHER_TOKEN_NO_ROLE: 401,
  ERR_LAUNCHER_REMOTE_DISABLED: 403,
  ERR_LAUNCHER_ROLE_REFUSED: 403,
  ERR_LAUNCHER_CLAIM_REFUSED: 403,
  ERR_LAUNCHER_EXEC_DISABLED: 403,
  ERR_LAUNCHER_ENDPOINT_UNKNOWN: 404,
  ERR_LAUNCHER_WORKLOAD_UNKNOWN: 404,
  ERR_LAUNCHER_VOLUME_UNKNOWN: 404,
  ERR_LAUNCHER_METHOD_REFUSED: 405,
  ERR_LAUNCHER_REQUEST_REFUSED: 409,
  ERR_LAUNCHER_WORKLOAD_STATE: 409,
  ERR_LAUNCHER_VOLUME_IN_USE: 409,
  ERR_LAUNCHER_REQUEST_TOO_LARGE: 413,
  ERR_LAUNCHER_REQUEST_TYPE: 415,
  ERR_LAUNCHER_TOO_MANY_FAILURES: 429,
  // The caller can do nothing about it, and neither can we until the operator has.
  ERR_LAUNCHER_ISSUER_INVALID: 503,
};

const STATUS_OF_FAMILY: Readonly<Record<ErrorFamily, number>> = {
  misuse: 500,
  rejected: 422,
  unavailable: 503,
};

/** What RFC 6750, section 3, asks for beside a 401 or 403; without a token there is no error to name. */
const CHALLENGES: Partial<Record<LauncherErrorCode, string>> = {
  ERR_LAUNCHER_TOKEN_MISSING: 'Bearer realm="proofgate"',
  ERR_LAUNCHER_TOKEN_INVALID: 'Bearer realm="proofgate", error="invalid_token"',
  ERR_LAUNCHER_TOKEN_NO_ROLE: 'Bearer realm="proofgate", error="invalid_token"',
  ERR_LAUNCHER_ROLE_REFUSED: 'Bearer realm="proofgate", error="insufficient_scope"',
  ERR_LAUNCHER_CLAIM_REFUSED: 'Bearer realm="proofgate", error="insufficient_scope"',
};

/** A failure as the caller is told of it. */
export interface ToldFailure {
  readonly status: number;
  readonly code: string;
}

/** A JSON answer with its length: clients of Enclave OS read no chunks. */
export function jsonAnswer(status: number, body: unknown): UnixResponse {
  return bytesAnswer(status, 'application/json', JSON.stringify(body));
}

/** An answer that is known as a whole. */
export function bytesAnswer(status: number, contentType: string, text: string): UnixResponse {
  const bytes = Buffer.from(text);
  return {
    status,
    headers: { ...ALWAYS, 'content-type': contentType, 'content-length': String(bytes.length) },
    stream: Readable.from([bytes]),
  };
}

/** An answer that goes on for as long as there is something to say. */
export function streamAnswer(contentType: string, pieces: AsyncIterable<string>): UnixResponse {
  return {
    status: 200,
    headers: { ...ALWAYS, 'content-type': contentType },
    stream: Readable.from(pieces),
  };
}

/** What a caller is told about an error: its status and its code. */
export function toldFailure(error: unknown): ToldFailure {
  if (!isCoded(error)) return { status: 500, code: 'ERR_INTERNAL' };
  const { code, family } = error;
  // Sound: a table that has no such code gives undefined.
  const status = STATUS_OF_CODE[code as LauncherErrorCode] ?? STATUS_OF_FAMILY[family];
  return { status, code };
}

/**
 * A refusal or failure as a problem (RFC 9457). What is no coded error is not described: it may say anything.
 *
 * @param requestId - a UUID
 * @param headers - that go with this error besides those of its code
 */
export function problemAnswer(
  error: unknown,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): UnixResponse {
  const { status, code } = toldFailure(error);
  const problem: Problem = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: detailOf(error),
    code,
    instance: `urn:uuid:${requestId}`,
    ...(error instanceof InvalidFieldsError ? { errors: error.errors } : {}),
  };
  const answer = bytesAnswer(status, PROBLEM_CONTENT_TYPE, JSON.stringify(problem));
  return { ...answer, headers: { ...answer.headers, ...challengeOf(error), ...headers } };
}

function challengeOf(error: unknown): Readonly<Record<string, string>> {
  const challenge = error instanceof LauncherError ? CHALLENGES[error.code] : undefined;
  return challenge === undefined ? {} : { 'www-authenticate': challenge };
}

function detailOf(error: unknown): string {
  if (!isCoded(error)) return 'the launcher failed; its log says more';
  const { message, expected, hint } = error;
  const more = [expected === undefined ? '' : `expected ${expected}`, hint ?? ''];
  return [message, ...more.filter((text) => text !== '')].join('; ');
}

// `instanceof` with a generic class narrows to CodedError<any>.
function isCoded(error: unknown): error is CodedError {
  return error instanceof CodedError;
}
