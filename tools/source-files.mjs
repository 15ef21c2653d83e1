// SPDX-License-Identifier: Apache-2.0
// The files of this repository that people write. Walks folders instead of asking git, so that it also works in an
// unpacked archive.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './prepare.mjs';

/** Made by tools or by git, never by hand. */
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.cache', 'coverage', 'results']);

/**
 * @param {RegExp} [pattern] which paths, relative to the repository
 * @returns {string[]} relative paths, sorted
 */
export function sourceFiles(pattern = /./) {
  return [...walk(ROOT)]
    .map((file) => relative(ROOT, file))
    .filter((file) => pattern.test(file))
    .sort();
}

/**
 * @param {string} directory
 * @returns {Generator<string>}
 */
function* walk(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (SKIPPED.has(entry.name)) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile()) yield path;
  }
}
