// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { LauncherError } from '../errors.ts';

/** Where programs of the system are; the environment has no say in what root executes. */
export const PROGRAM_DIRECTORIES: readonly string[] = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
];

/**
 * Finds a program of the system.
 *
 * @returns its path
 * @throws LauncherError ERR_LAUNCHER_RUNTIME_UNAVAILABLE when it is not installed
 */
export async function findProgram(
  name: string,
  directories: readonly string[] = PROGRAM_DIRECTORIES,
): Promise<string> {
  for (const directory of directories) {
    const path = join(directory, name);
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return path;
  }
  throw new LauncherError('ERR_LAUNCHER_RUNTIME_UNAVAILABLE', `${name} is not installed`, {
    expected: `a program ${name} in ${directories.join(', ')}`,
    seen: 'none',
  });
}
