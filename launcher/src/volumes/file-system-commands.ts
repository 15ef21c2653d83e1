// SPDX-License-Identifier: Apache-2.0
import { QUICK_PROGRAM_MS, timeToWrite, type VolumeProgram } from './volume-programs.ts';

/**
 * Reserves the disk space of a volume: it must not turn out later that there is none.
 *
 * @param image - file, made if it is not there
 * @param sizeBytes - that it has afterwards
 */
export function reserve(image: string, sizeBytes: number): VolumeProgram {
  const args = ['--length', String(sizeBytes), image];
  return { program: 'fallocate', args, timeoutMs: timeToWrite(sizeBytes) };
}

/**
 * Makes a file system for one start. It has no journal, since nobody can open it after a crash, and nothing of it is
 * written later, when it would be unexpected.
 *
 * @param device - block device or file
 * @param sizeBytes - of it
 */
export function makeFileSystem(device: string, sizeBytes: number): VolumeProgram {
  const args = [
    ...['-q', '-F', '-m', '0', '-b', '4096', '-O', '^has_journal'],
    ...['-E', 'nodiscard,lazy_itable_init=0', device],
  ];
  return { program: 'mkfs.ext4', args, timeoutMs: timeToWrite(sizeBytes) };
}

/**
 * Makes a file system larger that is mounted from a file. The kernel wants CAP_SYS_RESOURCE for it.
 *
 * @param image - the file
 * @param device - loop device of it
 * @param sizeBytes - that it has afterwards
 */
export function growLoop(
  image: string,
  device: string,
  sizeBytes: number,
): readonly VolumeProgram[] {
  const timeoutMs = QUICK_PROGRAM_MS;
  return [
    reserve(image, sizeBytes),
    { program: 'losetup', args: ['--set-capacity', device], timeoutMs },
    { program: 'resize2fs', args: [device], timeoutMs: timeToWrite(sizeBytes) },
  ];
}

/** Options with which volumes are mounted; containers get them with more. */
export function mountOptions(...more: readonly string[]): string {
  return ['nosuid', 'nodev', 'noatime', ...more].join(',');
}

/** Takes a file system away; no harm where none is. */
export function unmount(directory: string): VolumeProgram {
  return { program: 'umount', args: [directory], timeoutMs: QUICK_PROGRAM_MS };
}
