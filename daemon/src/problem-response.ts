// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';

/** Why a request is refused. */
export interface Refusal {
  readonly status: number;
  /** Stable, see docs/errors.md. */
  readonly code: string;
  /** A sentence about this occurrence. */
  readonly detail: string;
}

/** A refusal on its way. */
export interface ProblemResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/**
 * A refusal as a problem (RFC 9457).
 *
 * @param headers - that go with it
 */
export function problemResponse(
  { status, code, detail }: Refusal,
  headers: Readonly<Record<string, string>> = {},
): ProblemResponse {
  return {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
    body: {
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      ...{ status, detail, code },
      instance: `urn:uuid:${randomUUID()}`,
    },
  };
}
