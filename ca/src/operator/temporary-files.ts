// SPDX-License-Identifier: Apache-2.0
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** How files begin their life: written under another name, then renamed. */
const TEMPORARY = /^(?!lock\.).*\.tmp$/;

/**
 * Removes what interrupted writes have left in a directory that nobody else writes to now. What belongs to the lock is
 * left to `lockDirectory`: processes that wait for the directory write such files at any time.
 *
 * @param directory - which; one that does not exist has none
 */
export async function removeTemporaryFiles(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    if (TEMPORARY.test(name)) await unlink(join(directory, name));
  }
}
