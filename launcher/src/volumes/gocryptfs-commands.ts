// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { VolumePlace } from './encrypted-volume.ts';
import { makeFileSystem, mountOptions } from './file-system-commands.ts';
import { QUICK_PROGRAM_MS, type VolumeProgram } from './volume-programs.ts';

/** The key is 256 random bits: stretching it as a password would be only makes every start slower. */
const STRETCHING: readonly string[] = ['-scryptn', '10'];

/** Without it, what is printed goes to the system's log, in which nobody looks for it. */
const QUIETLY: readonly string[] = ['-q', '-nosyslog'];

/**
 * Lists the programs that make and mount a volume of gocryptfs. The encrypted files are in a file system of their own,
 * in a file as large as the volume may become: gocryptfs itself knows no limit.
 *
 * @param place - where
 * @param sizeBytes - of the file, which is there already
 * @param key - printable, without newline
 */
export function createGocryptfs(
  place: VolumePlace,
  sizeBytes: number,
  key: Buffer,
): readonly VolumeProgram[] {
  const { image, inner, mountPoint } = place;
  const files = encryptedFiles(place);
  const input = Buffer.concat([key, Buffer.from('\n')]);
  return [
    makeFileSystem(image, sizeBytes),
    {
      program: 'mount',
      args: ['-t', 'ext4', '-o', mountOptions('loop', 'noexec'), image, inner],
      timeoutMs: QUICK_PROGRAM_MS,
    },
    { program: 'mkdir', args: ['-m', '700', files], timeoutMs: QUICK_PROGRAM_MS },
    {
      program: 'gocryptfs',
      args: ['-init', ...QUIETLY, ...STRETCHING, files],
      input,
      timeoutMs: QUICK_PROGRAM_MS,
    },
    {
      program: 'gocryptfs',
      // Others than root may use it, as far as owners and modes of the files allow it.
      args: [...QUIETLY, '-allow_other', '-nosuid', '-nodev', files, mountPoint],
      input,
      timeoutMs: QUICK_PROGRAM_MS,
    },
  ];
}

/** Directory of the encrypted files, while a volume is open; beside what `mkfs.ext4` puts into a new file system. */
export function encryptedFiles({ inner }: VolumePlace): string {
  return join(inner, 'files');
}
