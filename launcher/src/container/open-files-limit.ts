// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';

/**
 * Reads how many files a process that this one starts may have open. Without CAP_SYS_RESOURCE no process gives another
 * more than it may have itself.
 *
 * @param text - content of `/proc/self/limits`
 * @returns the hard limit; infinite when there is none
 */
export function openFilesLimit(text: string): number {
  const limit = /^Max open files +\S+ +(\d+)/m.exec(text)?.[1];
  return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
}

/** As {@link openFilesLimit}, of this process. */
export async function readOpenFilesLimit(): Promise<number> {
  return openFilesLimit(await readFile('/proc/self/limits', 'utf8'));
}
