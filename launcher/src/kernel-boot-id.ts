// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { LauncherError } from './errors.ts';

/**
 * Names this boot of the kernel: process ids and start times are comparable only within one.
 *
 * @throws LauncherError ERR_LAUNCHER_PROC_UNAVAILABLE
 */
export async function kernelBootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch (cause) {
    throw new LauncherError(
      'ERR_LAUNCHER_PROC_UNAVAILABLE',
      'the launcher watches processes through /proc, which cannot be read',
      { expected: 'Linux with /proc', seen: process.platform, cause },
    );
  }
}
