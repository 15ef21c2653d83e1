// SPDX-License-Identifier: Apache-2.0
import { PROBLEM_CONTENT_TYPE, problemSchema, type FieldError, type Problem } from '@proofgate/api';

import { CliError } from '../errors.ts';

/** What a VM answered instead of doing what it was asked for. */
export class ManagementRefusal extends CliError {
  /** The fields that it finds wrong. */
  readonly fields: readonly FieldError[];

  constructor(
    code: 'ERR_CLI_MANAGEMENT_REFUSED' | 'ERR_CLI_MANAGEMENT_UNAVAILABLE',
    message: string,
    seen: string,
    fields: readonly FieldError[] = [],
  ) {
    super(code, message, { seen });
    this.fields = fields;
  }
}

/** Enough of an answer that is no problem to recognise whose it is. */
const MAX_REPEATED_CHARACTERS = 300;

/**
 * Puts an answer that is no success into an error.
 *
 * @param contentType - of the answer
 * @param text - its content
 */
export function refusalOf(
  status: number,
  contentType: string | undefined,
  text: string,
): ManagementRefusal {
  const problem =
    contentType?.startsWith(PROBLEM_CONTENT_TYPE) === true ? problemIn(text) : undefined;
  // Whatever is between us and the launcher answers in its own words.
  const words = text.trim().slice(0, MAX_REPEATED_CHARACTERS);
  const detail = problem?.detail ?? (words === '' ? 'no reason was given' : words);
  const seen = `HTTP status ${String(status)}${problem === undefined ? '' : `, ${problem.code}`}`;
  const fields = problem?.errors ?? [];
  if (status >= 500 || status === 429) {
    const message = `the VM cannot do this now: ${detail}`;
    return new ManagementRefusal('ERR_CLI_MANAGEMENT_UNAVAILABLE', message, seen);
  }
  const reason = fields.length === 0 ? `: ${detail}` : '';
  const message = `the VM refuses the request${reason}`;
  return new ManagementRefusal('ERR_CLI_MANAGEMENT_REFUSED', message, seen, fields);
}

function problemIn(text: string): Problem | undefined {
  try {
    return problemSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
