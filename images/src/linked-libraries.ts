// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ImagesError } from './errors.ts';

const execute = promisify(execFile);

/**
 * Lists the shared libraries and the program loader that an executable needs to start, by their paths on this machine.
 *
 * @param executable A program that this machine trusts: `ldd` lets the loader resolve it.
 * @returns Absolute paths, sorted; empty for a static program.
 * @throws {@link ImagesError} `ERR_IMAGES_HOST_UNSUPPORTED`, `ERR_IMAGES_LIBRARY_NOT_FOUND`.
 */
export async function linkedLibraries(executable: string): Promise<string[]> {
  if (process.platform !== 'linux') {
    throw new ImagesError('ERR_IMAGES_HOST_UNSUPPORTED', 'a Linux image is built on Linux', {
      seen: process.platform,
    });
  }
  // A clean environment: LD_PRELOAD and LD_LIBRARY_PATH of the caller are no property of the executable.
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };
  try {
    return parseLdd((await execute('ldd', [executable], { env })).stdout);
  } catch (error) {
    if (error instanceof ImagesError) throw error;
    throw new ImagesError('ERR_IMAGES_HOST_UNSUPPORTED', `ldd cannot read ${executable}`, {
      hint: 'build on a distribution with glibc',
      cause: error,
    });
  }
}

/**
 * Reads what `ldd` of glibc prints.
 *
 * @throws {@link ImagesError} `ERR_IMAGES_LIBRARY_NOT_FOUND`.
 */
export function parseLdd(output: string): string[] {
  const paths = output.split('\n').flatMap((line) => {
    if (/=> not found/.test(line)) {
      throw new ImagesError('ERR_IMAGES_LIBRARY_NOT_FOUND', `library not found: ${line.trim()}`);
    }
    // `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)` or `/lib64/ld-linux-x86-64.so.2 (0x…)`;
    // the kernel's linux-vdso.so.1 has no path.
    const path = /(?:=> |^\s*)(\/\S+) \(0x/.exec(line)?.[1];
    return path === undefined ? [] : [path];
  });
  return [...new Set(paths)].sort();
}
