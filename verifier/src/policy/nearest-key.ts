// SPDX-License-Identifier: Apache-2.0

/** A typing mistake changes two letters at most; beyond that a suggestion would be a guess. */
const MAX_DISTANCE = 2;

/** The known key that a mistyped one most likely stands for. */
export function nearestKey(key: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(key, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= MAX_DISTANCE ? best.candidate : undefined;
}

// Levenshtein distance, ignoring case. Keys come from a file that is bounded, and known keys are short.
function editDistance(a: string, b: string): number {
  const [from, to] = [a.toLowerCase().slice(0, 64), b.toLowerCase()];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...from].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...to].entries()) {
      const replace = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      const remove = (previous[column + 1] ?? 0) + 1;
      const insert = (current[column] ?? 0) + 1;
      current.push(Math.min(replace, remove, insert));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
