// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { rm, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ensureDir } from '@proofgate/daemon';
import { LauncherError } from '../../errors.ts';

/** File systems that are memory: tmpfs and ramfs (statfs(2)). */
const MEMORY_TYPES: readonly number[] = [0x0102_1994, 0x8584_58f6];

/** All secrets of all containers; each has at most 1 MiB, and few have more than a kilobyte. */
const SIZE = '64m';

const OPTIONS = `size=${SIZE},mode=0700,nosuid,nodev,noexec`;

const run = promisify(execFile);
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/**
 * Makes a directory whose files are in memory and on no disk. Where it is not already, a file system of its own is
 * mounted on it; it stays when the launcher ends, since containers that run still use it.
 *
 * @param path - absolute path below the launcher's directory for sockets
 * @throws LauncherError ERR_LAUNCHER_SECRET_UNREADABLE when the file system is on a disk, and mounting is not allowed;
 *   DaemonError when the directory cannot be made
 */
export async function ensureMemoryDirectory(path: string): Promise<void> {
  await ensureDir(path, 0o700);
  if (await isInMemory(path)) return;
  await run('mount', ['-t', 'tmpfs', '-o', OPTIONS, 'proofgate-secrets', path], {
    env: ENVIRONMENT,
  }).catch((cause: unknown) => {
    throw new LauncherError(
      'ERR_LAUNCHER_SECRET_UNREADABLE',
      `secrets would be written to disk: ${path} is not in memory`,
      { expected: 'a tmpfs', hint: 'set platform.run_dir to a directory below /run', cause },
    );
  });
  await ensureDir(path, 0o700);
}

/**
 * Removes what {@link ensureMemoryDirectory} made.
 *
 * @param path - as there
 */
export async function releaseMemoryDirectory(path: string): Promise<void> {
  // Nothing is mounted there where the directory was in memory already.
  await run('umount', [path], { env: ENVIRONMENT }).catch(() => undefined);
  await rm(path, { recursive: true, force: true });
}

async function isInMemory(path: string): Promise<boolean> {
  return MEMORY_TYPES.includes((await statfs(path)).type);
}
