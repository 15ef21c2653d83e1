// SPDX-License-Identifier: Apache-2.0
import { ApiError } from './errors.ts';

/** Milliseconds, as a whole number. */
export type Milliseconds = number;

/** Longest duration that a setting may ask for: a century, far below where a double loses milliseconds. */
export const MAX_DURATION_MS: Milliseconds = 100 * 365 * 86_400_000;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** The short form, one number and one unit, or the ISO 8601 form without years and months. */
export const DURATION_PATTERN: RegExp =
  /^(?:\d{1,15}(?:ms|s|m|h|d)|P(?=\d|T\d)(?:\d{1,9}W|(?:\d{1,9}D)?(?:T(?=\d)(?:\d{1,9}H)?(?:\d{1,9}M)?(?:\d{1,9}S)?)?))$/;

/**
 * Reads a duration: `250ms`, `5s`, `10m`, `24h`, `7d`, or ISO 8601 such as `PT24H`, `P14D`, `P1DT12H`, `P2W`.
 * Years and months are refused because their length depends on the calendar; a number without a unit is refused
 * because its unit would be a guess.
 *
 * @returns whole milliseconds
 * @throws ApiError `ERR_API_DURATION`
 */
export function parseDuration(text: string): Milliseconds {
  if (!DURATION_PATTERN.test(text)) throw refusal(text);
  let total = 0;
  for (const [, digits = '', unit = ''] of text.matchAll(/(\d+)(ms|[a-zA-Z])/g)) {
    total += Number(digits) * (UNIT_MS[unit.toLowerCase()] ?? Number.NaN);
  }
  if (!(total <= MAX_DURATION_MS)) throw refusal(text);
  return total;
}

function refusal(text: string): ApiError {
  return new ApiError('ERR_API_DURATION', `"${text.slice(0, 40)}" is not a duration`, {
    expected: 'a whole number with a unit (250ms, 5s, 10m, 24h, 7d) or ISO 8601 (PT24H, P14D)',
    seen: text.slice(0, 40),
  });
}
