// SPDX-License-Identifier: Apache-2.0
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { UserAndGroup } from '@proofgate/api';

const READ = 0o4;
const SEARCH = 0o1;

/**
 * Finds what keeps a user without supplementary groups from reading a file, going by permission bits alone.
 *
 * @param path - absolute path of an existing file
 * @param user - who wants to read it
 * @returns the file, or the directory above it that the user may not enter; `undefined` when nothing is in the way
 */
export async function findObstacle(path: string, user: UserAndGroup): Promise<string | undefined> {
  const file = await realpath(path);
  for (let directory = dirname(file); ; directory = dirname(directory)) {
    if (!(await isAllowed(directory, user, SEARCH))) return directory;
    if (directory === dirname(directory)) break;
  }
  return (await isAllowed(file, user, READ)) ? undefined : file;
}

async function isAllowed(path: string, user: UserAndGroup, right: number): Promise<boolean> {
  if (user.uid === 0) return true;
  const { uid, gid, mode } = await stat(path);
  const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
  return ((mode >> shift) & right) !== 0;
}
