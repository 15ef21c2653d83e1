// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '../errors.ts';

/**
 * Last year that is written as UTCTime; later ones are GeneralizedTime (RFC 5280, section 4.1.2.5).
 */
const LAST_UTC_TIME_YEAR = 2049;
const FIRST_UTC_TIME_YEAR = 1950;

/**
 * Reads the text of a UTCTime in the only form RFC 5280, section 4.1.2.5.1, allows:
 * `YYMMDDHHMMSSZ`.
 *
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function parseUtcTime(text: string): Date {
  if (!/^[0-9]{12}Z$/.test(text)) throw invalid('UTCTime', text, 'YYMMDDHHMMSSZ');
  const century = Number(text.slice(0, 2)) >= FIRST_UTC_TIME_YEAR % 100 ? '19' : '20';
  return parseDigits('UTCTime', `${century}${text}`);
}

/**
 * Reads the text of a GeneralizedTime in the only form RFC 5280, section 4.1.2.5.2, allows:
 * `YYYYMMDDHHMMSSZ`, for years that UTCTime cannot express.
 *
 * @throws EvidenceError `ERR_DER_INVALID`
 */
export function parseGeneralizedTime(text: string): Date {
  if (!/^[0-9]{14}Z$/.test(text)) throw invalid('GeneralizedTime', text, 'YYYYMMDDHHMMSSZ');
  const year = Number(text.slice(0, 4));
  if (year >= FIRST_UTC_TIME_YEAR && year <= LAST_UTC_TIME_YEAR) {
    throw invalid('GeneralizedTime', text, 'UTCTime for the years 1950 to 2049');
  }
  return parseDigits('GeneralizedTime', text);
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
    throw new EvidenceError('ERR_DER_WRITE', 'date has no DER form', {
      expected: 'a valid date in the years 0 to 9999',
      seen: String(date.getTime()),
    });
  }
  const digits = `${date
    .toISOString()
    .slice(0, 19)
    .replace(/[^0-9]/g, '')}Z`;
  return year >= FIRST_UTC_TIME_YEAR && year <= LAST_UTC_TIME_YEAR
    ? { utc: true, text: digits.slice(2) }
    : { utc: false, text: digits };
}

function parseDigits(type: string, text: string): Date {
  const part = (start: number, end: number): string => text.slice(start, end);
  const day = `${part(0, 4)}-${part(4, 6)}-${part(6, 8)}`;
  const iso = `${day}T${part(8, 10)}:${part(10, 12)}:${part(12, 14)}.000Z`;
  const date = new Date(iso);
  // The engine rolls 31 February over to March; only a date that reads back the same exists.
  if (Number.isNaN(date.getTime()) || date.toISOString() !== iso) {
    throw invalid(type, text, 'a date that exists');
  }
  return date;
}

function invalid(type: string, text: string, expected: string): EvidenceError {
  return new EvidenceError('ERR_DER_INVALID', `${type} is malformed`, {
    expected,
    seen: JSON.stringify(text.slice(0, 40)),
  });
}
