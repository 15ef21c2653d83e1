// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

/** Content type of every refusal of the management API (RFC 9457, section 3). */
export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** One field of a request that is missing or wrong. */
export interface FieldError {
  /** JSON Pointer (RFC 6901) into the content; of a query parameter `?` and its name. */
  readonly pointer: string;
  readonly detail: string;
}

/** Why a request was refused or failed (RFC 9457). */
export interface Problem {
  /** `about:blank`: what kind of problem it is stands in `code`. */
  readonly type: string;
  /** Phrase of the HTTP status. */
  readonly title: string;
  readonly status: number;
  /** A sentence about this occurrence. */
  readonly detail: string;
  /** Stable code, see docs/errors.md. */
  readonly code: string;
  /** `urn:uuid:` and the request's id, which the log has as well. */
  readonly instance: string;
  /** Every field that is wrong, when that is the problem. */
  readonly errors?: readonly FieldError[];
}

/** Schema of {@link Problem}. */
export const problemSchema: z.ZodType<Problem, unknown> = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  code: z.string(),
  instance: z.string(),
  errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).exactOptional(),
});
