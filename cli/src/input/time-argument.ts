// SPDX-License-Identifier: Apache-2.0
import { CliError } from '../errors.ts';

const ISO_8601 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/u;
const UNIX_SECONDS = /^\d{1,11}$/u;

/**
 * A point in time from the command line: ISO 8601 with a time zone (a date alone means UTC midnight), or Unix seconds.
 *
 * @throws CliError `ERR_CLI_USAGE`
 */
export function parseTime(text: string): Date {
  if (UNIX_SECONDS.test(text)) return new Date(Number(text) * 1000);
  const time = ISO_8601.test(text) && isDay(text.slice(0, 10)) ? new Date(text) : undefined;
  if (time === undefined || Number.isNaN(time.getTime())) {
    throw new CliError('ERR_CLI_USAGE', 'a time cannot be read', {
      expected: 'ISO 8601 with a time zone such as 2026-07-01T12:00:00Z, or Unix seconds',
      seen: text,
    });
  }
  return time;
}

/** JavaScript takes 30 February for 2 March. */
function isDay(date: string): boolean {
  const time = new Date(date);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(date);
}
