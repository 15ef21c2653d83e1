// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseMountTable } from '../container/confinement/mount-table.ts';
import { unmount } from './file-system-commands.ts';
import type { RunVolumeProgram } from './volume-programs.ts';

/** Time for a container that is being removed to let go of a file system. */
const RELEASE_TIMEOUT_MS = 5_000;
const RELEASE_POLL_MS = 50;

/**
 * Tells what is mounted on a directory.
 *
 * @param directory - absolute, without links
 * @returns kind of the topmost file system there; `undefined` when nothing is
 */
export async function mountedOn(directory: string): Promise<string | undefined> {
  const table = parseMountTable(await readFile('/proc/self/mountinfo', 'utf8'));
  return table.findLast(({ target }) => target === directory)?.fileSystem;
}

/**
 * Takes away whatever is mounted on a directory.
 *
 * @param directory - absolute, without links
 * @param run - runs programs
 * @throws LauncherError ERR_LAUNCHER_VOLUME_FAILED when it is in use for too long
 */
export async function unmountAll(directory: string, run: RunVolumeProgram): Promise<void> {
  while ((await mountedOn(directory)) !== undefined) {
    await retryWhileBusy(() => run(unmount(directory)));
  }
}

/**
 * Repeats what the kernel refuses while something is in use.
 *
 * @param attempt - is done again until it succeeds, or for some seconds
 * @throws what the last attempt threw
 */
export async function retryWhileBusy(attempt: () => Promise<void>): Promise<void> {
  const end = performance.now() + RELEASE_TIMEOUT_MS;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() >= end) throw error;
    }
    await delay(RELEASE_POLL_MS);
  }
}
