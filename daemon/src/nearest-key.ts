// SPDX-License-Identifier: Apache-2.0

/** Edits up to which two keys count as a slip of the keyboard. */
export const MAX_KEY_DISTANCE = 3;

/** Longest key that is compared: the work grows with the square, and no key of ours is longer. */
const MAX_COMPARED_LENGTH = 64;

/**
 * The key that was most probably meant: fewest edits (insert, delete, replace, swap of neighbours), at most
 * {@link MAX_KEY_DISTANCE} and at most half of the longer one, since short words are all near each other.
 */
export function nearestKey(key: string, allowed: readonly string[]): string | undefined {
  if (key.length > MAX_COMPARED_LENGTH) return undefined;
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of allowed) {
    const distance = editDistance(key.toLowerCase(), candidate.toLowerCase());
    const longer = Math.max(key.length, candidate.length);
    const near = distance <= MAX_KEY_DISTANCE && distance * 2 <= longer;
    if (near && (best === undefined || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** Damerau–Levenshtein distance where no part is edited twice ("optimal string alignment"). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? at(beforeLast, j - 2) + 1 : Infinity;
      row.push(Math.min(at(last, j) + 1, at(row, j - 1) + 1, replace, swap));
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
