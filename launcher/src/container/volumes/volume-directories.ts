// SPDX-License-Identifier: Apache-2.0
import { readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { VOLUMES_DIRECTORY } from './named-volumes.ts';

/** A directory that containers may have as a volume. It shares its disk with everything else there. */
export interface VolumeDirectory {
  readonly name: string;
  /** Of the disk. */
  readonly sizeBytes: number;
  /** On the disk. */
  readonly availableBytes: number;
}

/**
 * Lists the volumes that are directories, used or not.
 *
 * @param dataDir - absolute path of the launcher's data directory
 */
export async function volumeDirectories(dataDir: string): Promise<readonly VolumeDirectory[]> {
  const directory = join(dataDir, VOLUMES_DIRECTORY);
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (names.length === 0) return [];
  const { bsize, blocks, bavail } = await statfs(directory);
  return names
    .toSorted()
    .map((name) => ({ name, sizeBytes: bsize * blocks, availableBytes: bsize * bavail }));
}
