// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

/** Content type of logs as one {@link LogLine} in JSON a line; without it in `Accept`, logs are plain text. */
export const LOG_LINES_CONTENT_TYPE = 'application/x-ndjson';
/** What Enclave OS gives to somebody who does not say how much. */
export const DEFAULT_LOG_TAIL_BYTES = 65_536;
/** More is a copy of the file rather than a look at it. */
export const MAX_LOG_TAIL_BYTES = 1_048_576;

/** Query of `GET /api/v1/containers/{name}/logs`. */
export interface LogsQuery {
  readonly stream: 'stdout' | 'stderr' | 'all';
  /** How much of what is there already, counted from the end. */
  readonly tail_bytes: number;
  /** Whether the answer goes on with what is written later. */
  readonly follow: boolean;
}

/** One line that a workload wrote, or with which the launcher says why a log that was followed ends. */
export interface LogLine {
  readonly stream: 'stdout' | 'stderr' | 'launcher';
  /** ISO 8601; absent when the log does not record it. */
  readonly time?: string;
  /** Without the line's end. */
  readonly text: string;
}

/** Schema of {@link LogsQuery}, whose values are text. */
export const logsQuerySchema: z.ZodType<LogsQuery, unknown> = z.strictObject({
  // Enclave OS shows the errors unless told otherwise.
  stream: z.enum(['stdout', 'stderr', 'all']).default('stderr'),
  tail_bytes: z
    .string()
    .regex(/^\d{1,9}$/, { error: 'expected a number of bytes' })
    .transform(Number)
    .pipe(z.int().min(0).max(MAX_LOG_TAIL_BYTES))
    .prefault(String(DEFAULT_LOG_TAIL_BYTES)),
  follow: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .pipe(z.boolean())
    .prefault('false'),
});

/** Schema of {@link LogLine}. */
export const logLineSchema: z.ZodType<LogLine, unknown> = z.strictObject({
  stream: z.enum(['stdout', 'stderr', 'launcher']),
  time: z.iso.datetime().exactOptional(),
  text: z.string(),
});
