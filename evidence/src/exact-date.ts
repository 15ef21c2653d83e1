// SPDX-License-Identifier: Apache-2.0

/**
 * Reads a time of RFC 3339 in UTC and seconds, such as `2026-01-31T12:00:00Z`.
 *
 * @returns undefined for anything else. Engines read more than this form, and roll 31 February over to March: only a time
 * that reads back the same exists
 */
export function exactDate(text: string): Date | undefined {
  const date = new Date(text);
  return date.toJSON() === text.replace('Z', '.000Z') ? date : undefined;
}
