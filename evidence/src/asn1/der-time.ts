// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '../errors.ts';
import { exactDate } from '../exact-date.ts';
import { derInvalid } from './der-error.ts';

/**
 * Last year that is written as UTCTime; later ones are GeneralizedTime (RFC 5280, section 4.1.2.5).
 */
const LAST_UTC_TIME_YEAR = 2049;
const FIRST_UTC_TIME_YEAR = 1950;

const DIGITS = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/**
 * Reads the text of a time in the only forms that RFC 5280, sections 4.1.2.5.1 and 4.1.2.5.2, allows:
 * UTCTime as `YYMMDDHHMMSSZ`, and for years that it cannot express, GeneralizedTime as
 * `YYYYMMDDHHMMSSZ`.
 *
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function parseDerTime(text: string, utc: boolean): Date {
  // A text of another length than UTCTime has does not fit the pattern with two digits before it.
  const century = Number(text.slice(0, 2)) >= FIRST_UTC_TIME_YEAR % 100 ? '19' : '20';
  const digits = utc ? century + text : text;
  const date = exactDate(digits.replace(DIGITS, '$1-$2-$3T$4:$5:$6Z'));
  const year = date?.getUTCFullYear() ?? 0;
  const shouldBeUtc = year >= FIRST_UTC_TIME_YEAR && year <= LAST_UTC_TIME_YEAR;
  if (date !== undefined && DIGITS.test(digits) && utc === shouldBeUtc) return date;
  throw derInvalid('time', utc ? 'YYMMDDHHMMSSZ' : 'YYYYMMDDHHMMSSZ outside 1950 to 2049', text);
}

/**
 * Writes an instant as RFC 5280, section 4.1.2.5, demands. Fractions of a second do not exist in
 * X.509 and are cut off.
 *
 * @throws EvidenceError `ERR_DER_WRITE` on an invalid date or a year outside 0 to 9999
 */
export function formatDerTime(date: Date): { readonly utc: boolean; readonly text: string } {
  const year = date.getUTCFullYear();
  if (Number.isNaN(year) || year < 0 || year > 9999) {
    throw new EvidenceError(
      'ERR_DER_WRITE',
      'date has no DER form',
      {
        expected: 'a valid date in the years 0 to 9999',
        seen: String(date.getTime()),
      },
      'misuse',
    );
  }
  const digits = `${date
    .toISOString()
    .slice(0, 19)
    .replace(/[^0-9]/g, '')}Z`;
  return year >= FIRST_UTC_TIME_YEAR && year <= LAST_UTC_TIME_YEAR
    ? { utc: true, text: digits.slice(2) }
    : { utc: false, text: digits };
}
