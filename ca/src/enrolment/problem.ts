// SPDX-License-Identifier: Apache-2.0
import type { EnrolmentCheck, EnrolmentProblem } from '@proofgate/api';
import { CodedError } from '@proofgate/evidence';
import { RefusedByPolicy } from './judge-machine.ts';

/**
 * Turns an error into what a machine is told (RFC 9457). Refusals say all that the machine needs to be mended; anything
 * unexpected says nothing.
 *
 * @param error - whatever was thrown
 */
export function problemOf(error: unknown): EnrolmentProblem {
  if (error instanceof RefusedByPolicy) {
    return problem(403, error.code, error.message, error.checks.map(publicCheck));
  }
  if (error instanceof Error && isCoded(error)) {
    const { code, message, expected, seen, hint } = error;
    const check = { name: code, result: 'refused', ...said({ expected, seen, hint }) };
    return problem(statusOf(error), code, message, [check]);
  }
  return problem(500, 'ERR_INTERNAL', 'the CA failed');
}

function isCoded(error: Error): error is CodedError {
  return error instanceof CodedError;
}

/** Misuse of our own code by our own code is not the machine's fault. */
function statusOf({ code, family }: CodedError): number {
  if (code === 'ERR_CA_ENROLMENT_INVALID' || code === 'ERR_CA_REQUEST_INVALID') return 400;
  switch (family) {
    case 'rejected':
      return 403;
    case 'unavailable':
      return 503;
    case 'misuse':
      return 500;
  }
}

/**
 * A problem document.
 *
 * @param status - of HTTP
 * @param code - stable, for programs
 * @param detail - a sentence, for people
 * @param checks - the decision behind it
 */
export function problem(
  status: number,
  code: string,
  detail: string,
  checks: readonly EnrolmentCheck[] = [],
): EnrolmentProblem {
  return {
    type: `urn:proofgate:error:${code}`,
    title: TITLES[status] ?? 'Refused',
    status,
    detail,
    code,
    ...(checks.length === 0 ? {} : { checks }),
  };
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  403: 'This machine is not enrolled',
  404: 'There is nothing here',
  405: 'The method is not allowed',
  413: 'The request is too large',
  429: 'Too many requests',
  500: 'The CA failed',
  503: 'The CA cannot answer now',
};

function publicCheck({
  name,
  result,
  expected,
  seen,
  hint,
}: {
  readonly name: string;
  readonly result: string;
  readonly expected?: string;
  readonly seen?: string;
  readonly hint?: string;
}): EnrolmentCheck {
  return { name, result, ...said({ expected, seen, hint }) };
}

function said(fields: {
  readonly expected: string | undefined;
  readonly seen: string | undefined;
  readonly hint: string | undefined;
}): { expected?: string; seen?: string; hint?: string } {
  const { expected, seen, hint } = fields;
  return {
    ...(expected === undefined ? {} : { expected }),
    ...(seen === undefined ? {} : { seen }),
    ...(hint === undefined ? {} : { hint }),
  };
}
