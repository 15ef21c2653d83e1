// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { MAX_ARGUMENT_LENGTH, MAX_LIST_ITEMS } from '../container-config.ts';
import { base64Field } from '../encoded-fields.ts';

/** A look around ends within a minute; what needs longer says so. */
export const DEFAULT_EXEC_TIMEOUT_SECONDS = 60;
/** Below the five minutes that the proxy waits for an answer. */
export const MAX_EXEC_TIMEOUT_SECONDS = 240;
/** Enough for a listing; a copy of data belongs on a volume. */
export const DEFAULT_EXEC_OUTPUT_BYTES = 1_048_576;
/** Both streams are held in memory until the program ends. */
export const MAX_EXEC_OUTPUT_BYTES = 4_194_304;

/** Body of `POST /api/v1/containers/{name}/exec`: a program to be run in a container that runs. */
export interface ExecCommand {
  /** Program and arguments; no shell reads them. */
  readonly command: readonly string[];
  readonly timeout_seconds: number;
  /** Most bytes of each stream that are kept. */
  readonly max_output_bytes: number;
}

/** Answer to it. */
export interface ExecAnswer {
  /** `null` when it was ended because its time was up. */
  readonly exit_code: number | null;
  readonly stdout_b64: string;
  readonly stderr_b64: string;
}

const argument = z
  .string()
  .max(MAX_ARGUMENT_LENGTH)
  .refine((text) => !text.includes('\0'), { error: 'must not contain a NUL character' });

/** Schema of {@link ExecCommand}. */
export const execCommandSchema: z.ZodType<ExecCommand, unknown> = z.strictObject({
  command: z
    .array(argument)
    .min(1)
    .max(MAX_LIST_ITEMS)
    .refine(([program]) => program !== '', { error: 'the program is empty' }),
  timeout_seconds: z
    .number()
    .min(0.1)
    .max(MAX_EXEC_TIMEOUT_SECONDS)
    .default(DEFAULT_EXEC_TIMEOUT_SECONDS),
  max_output_bytes: z.int().min(0).max(MAX_EXEC_OUTPUT_BYTES).default(DEFAULT_EXEC_OUTPUT_BYTES),
});

/** Schema of {@link ExecAnswer}. */
export const execAnswerSchema: z.ZodType<ExecAnswer, unknown> = z.strictObject({
  exit_code: z.int().nullable(),
  // Base64 has four characters for three bytes.
  stdout_b64: base64Field(MAX_EXEC_OUTPUT_BYTES * 2),
  stderr_b64: base64Field(MAX_EXEC_OUTPUT_BYTES * 2),
});
