// SPDX-License-Identifier: Apache-2.0

/**
 * Puts levels in the order in which they are tried: those with the highest numbers first.
 *
 * @param numbersOf what a level is ordered by, none of them above 65535
 * @returns undefined when two levels have the same numbers, which would leave it to chance which of them applies
 */
export function descendingLevels<Level>(
  levels: readonly Level[],
  numbersOf: (level: Level) => readonly number[],
): readonly Level[] | undefined {
  // Strings are compared by their UTF-16 code units, which these numbers are.
  const keyed = new Map(levels.map((level) => [String.fromCharCode(...numbersOf(level)), level]));
  if (keyed.size !== levels.length) return undefined;
  return [...keyed].sort(([a], [b]) => (a < b ? 1 : -1)).map(([, level]) => level);
}
