// SPDX-License-Identifier: Apache-2.0

// ISO 8601 durations without years and months, whose length depends on the calendar.
const DURATION =
  /^P(?:(?<weeks>\d{1,4})W|(?:(?<days>\d{1,4})D)?(?:T(?:(?<hours>\d{1,5})H)?(?:(?<minutes>\d{1,6})M)?(?:(?<seconds>\d{1,7})S)?)?)$/;
const UNITS = { weeks: 604_800, days: 86_400, hours: 3600, minutes: 60, seconds: 1 } as const;

/**
 * Reads an ISO 8601 duration such as `P14D`, `PT36H` or `P1DT12H`.
 *
 * @returns milliseconds; undefined when the text is not such a duration, or is empty or zero
 */
export function parseIsoDuration(text: string): number | undefined {
  const parts = DURATION.exec(text)?.groups;
  if (parts === undefined || text.endsWith('T')) return undefined;
  let seconds = 0;
  for (const [unit, factor] of Object.entries(UNITS)) seconds += Number(parts[unit] ?? 0) * factor;
  return seconds === 0 ? undefined : seconds * 1000;
}

/** Writes a time span for people, in its two largest units. */
export function formatSpan(milliseconds: number): string {
  const total = Math.floor(Math.abs(milliseconds) / 1000);
  const days = Math.floor(total / UNITS.days);
  const hours = Math.floor((total % UNITS.days) / UNITS.hours);
  const minutes = Math.floor((total % UNITS.hours) / UNITS.minutes);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${total % 60} s` : `${total} s`;
}
