// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ensureDir, writeFileAtomic } from '@proofgate/daemon';

const DISCARDED = '.discarded-';

/**
 * Empties a directory on its first use after the machine was started. What an engine has unpacked is checked when it is
 * unpacked, and not again; a disk may be changed while the machine is off.
 *
 * @param directory - is made if it is not there; everybody may pass through it
 * @param bootId - tells this start of the machine from others
 * @returns settles at once; `removed` when the old files are gone from the disk as well
 */
export async function emptyOnFirstUseOfBoot(
  directory: string,
  bootId: string,
): Promise<{ readonly removed: Promise<void> }> {
  const marker = join(directory, 'boot-id');
  const last = await readFile(marker, 'utf8').catch(() => undefined);
  if (last !== bootId) {
    // Out of the way at once: removing many files takes time.
    const aside = `${directory}${DISCARDED}${randomBytes(4).toString('hex')}`;
    await rename(directory, aside).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await ensureDir(directory, 0o711);
    await writeFileAtomic(marker, bootId);
  }
  return { removed: removeDiscarded(directory) };
}

/** Also what an earlier launcher did not get done. */
async function removeDiscarded(directory: string): Promise<void> {
  const parent = dirname(directory);
  const prefix = `${basename(directory)}${DISCARDED}`;
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix)) await rm(join(parent, name), { recursive: true, force: true });
  }
}
