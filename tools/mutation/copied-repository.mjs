// SPDX-License-Identifier: Apache-2.0
// A copy of the repository's files in which source may be changed.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { ROOT } from '../prepare.mjs';

/**
 * Copies what git would know, into `main` below a folder. The copy has no dependencies of its own, and must not find the
 * workspaces of the real tree through those that it borrows.
 *
 * @param {string} folder an empty one
 */
export function copyRepository(folder) {
  const listed = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  for (const file of new Set(listed.split('\0'))) {
    if (file !== '' && existsSync(join(ROOT, file))) {
      cpSync(join(ROOT, file), join(folder, 'main', file));
    }
  }
  const [from, to] = [join(ROOT, 'node_modules'), join(folder, 'main/node_modules')];
  mkdirSync(join(to, '@proofgate'), { recursive: true });
  for (const name of readdirSync(from)) {
    if (name !== '@proofgate' && !name.startsWith('.vite')) {
      symlinkSync(join(from, name), join(to, name));
    }
  }
  for (const name of readdirSync(join(from, '@proofgate'))) {
    const workspace = relative(realpathSync(ROOT), realpathSync(join(from, '@proofgate', name)));
    symlinkSync(join(folder, 'main', workspace), join(to, '@proofgate', name));
  }
  // Real quotes lie beside the repository.
  const data = join(ROOT, '../shared');
  if (existsSync(data)) symlinkSync(data, join(folder, 'shared'));
}

/**
 * The TypeScript files that are meant, relative to the root, in the order of the patterns.
 *
 * @param {string[]} patterns folders, files, or names with one `*`
 */
export function sourceFiles(patterns) {
  return patterns.flatMap((pattern) => {
    const path = join(ROOT, pattern);
    if (pattern.includes('*')) return matching(pattern);
    if (statSync(path).isFile()) return [pattern];
    return readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .sort()
      .map((name) => join(pattern, name));
  });
}

/** @param {string} pattern */
function matching(pattern) {
  const [before = '', after = ''] = basename(pattern).split('*');
  return readdirSync(join(ROOT, dirname(pattern)))
    .filter((name) => name.startsWith(before) && name.endsWith(after))
    .sort()
    .map((name) => join(dirname(pattern), name));
}
