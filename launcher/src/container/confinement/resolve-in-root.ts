// SPDX-License-Identifier: Apache-2.0
import { readlink } from 'node:fs/promises';
import { join } from 'node:path/posix';

/** As many links as the kernel follows (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * Follows symbolic links as a process with another root directory would: images have links such as `/var/run`, and the
 * mount table names the place where a mount ended up.
 *
 * @param root - the other root directory
 * @param path - absolute path below it
 * @returns the path without links, as far as it exists
 */
export async function resolveInRoot(root: string, path: string): Promise<string> {
  const rest = path.split('/');
  let resolved = '/';
  for (let links = 0; rest.length > 0;) {
    const next = join(resolved, rest.shift() ?? '');
    const target = links < MAX_LINKS ? await linkTarget(join(root, next)) : undefined;
    if (target === undefined) {
      resolved = next;
      continue;
    }
    links += 1;
    rest.unshift(...target.split('/'));
    if (target.startsWith('/')) resolved = '/';
  }
  return resolved;
}

/** `undefined` for whatever is no link, also when it does not exist. */
async function linkTarget(path: string): Promise<string | undefined> {
  return readlink(path).catch(() => undefined);
}
