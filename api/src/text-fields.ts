// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { BYTE_SIZE_PATTERN, parseByteSize, type ByteCount } from './byte-size.ts';
import { DURATION_PATTERN, parseDuration, type Milliseconds } from './duration.ts';
import { ApiError } from './errors.ts';
import { LABEL_PATTERN, parseHostname } from './hostname.ts';

/** A field whose text has a parser of its own; the parser's refusal becomes the field's problem. */
export type TextField<T> = z.ZodPipe<z.ZodString, z.ZodTransform<T, string>>;

/**
 * A text field that `parse` reads.
 *
 * @param pattern what the JSON Schema tells an editor about the text; `parse` decides
 */
export function parsedText<T>(parse: (text: string) => T, pattern?: RegExp): TextField<T> {
  const text = pattern === undefined ? z.string() : z.string().meta({ pattern: pattern.source });
  return text.transform((value, context) => {
    try {
      return parse(value);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      context.addIssue({ code: 'custom', message: describeRefusal(error), input: value });
      return z.NEVER;
    }
  });
}

/** A text field that `check` must accept; the text itself stays the value. */
export function checkedText(check: (text: string) => unknown): TextField<string> {
  return parsedText((text) => {
    check(text);
    return text;
  });
}

/** A name that becomes a DNS label. */
export function labelField(): z.ZodString {
  return z.string().regex(LABEL_PATTERN, {
    error: 'expected 1 to 63 lower-case letters, digits and inner hyphens',
  });
}

/** A hostname, in lower case. */
export function hostnameField(): TextField<string> {
  return parsedText(parseHostname);
}

/** A duration within bounds; the value is milliseconds. */
export function durationField(bounds: { minMs: number; maxMs: number }): TextField<Milliseconds> {
  return parsedText((text) => {
    const ms = parseDuration(text);
    if (ms < bounds.minMs || ms > bounds.maxMs) {
      const expected = `${String(bounds.minMs)} ms to ${String(bounds.maxMs)} ms`;
      throw new ApiError('ERR_API_DURATION', `"${text}" is out of range`, { expected, seen: text });
    }
    return ms;
  }, DURATION_PATTERN);
}

/** A size within bounds, as text with a unit or as a plain number; the value is bytes. */
export function byteSizeField(bounds: {
  min: number;
  max?: number;
}): z.ZodPipe<
  z.ZodUnion<readonly [z.ZodInt, z.ZodString]>,
  z.ZodTransform<ByteCount, number | string>
> {
  const { min, max = Number.MAX_SAFE_INTEGER } = bounds;
  const input = z.union([z.int().min(0), z.string().meta({ pattern: BYTE_SIZE_PATTERN.source })], {
    error: 'expected a size such as 64KiB, or a number of bytes',
  });
  return input.transform((value, context) => {
    try {
      const bytes = parseByteSize(String(value));
      if (bytes >= min && bytes <= max) return bytes;
      const message = `"${String(value)}" is out of range (expected ${String(min)} to ${String(max)} bytes)`;
      context.addIssue({ code: 'custom', message, input: value });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      context.addIssue({ code: 'custom', message: describeRefusal(error), input: value });
    }
    return z.NEVER;
  });
}

/** A parser's refusal as a sentence for a person who edits the file. */
export function describeRefusal({ message, expected }: ApiError): string {
  return expected === undefined ? message : `${message} (expected ${expected})`;
}

/** A path of the VM's file system. */
export function pathField(): z.ZodString {
  return z
    .string()
    .min(1)
    .max(MAX_PATH_LENGTH)
    .refine((text) => !text.includes('\0'), { error: 'must not contain a NUL character' });
}

/** Linux takes no longer one: PATH_MAX, less the NUL at its end. */
const MAX_PATH_LENGTH = 4_095;
