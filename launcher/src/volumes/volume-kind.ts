// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { findProgram } from '../containerd/find-program.ts';
import { LauncherError } from '../errors.ts';
import type { VolumeKind } from './encrypted-volume.ts';

/** What a kind of volume needs of a machine: device files of the kernel, and programs. */
const NEEDS: Readonly<
  Record<VolumeKind, { devices: readonly string[]; programs: readonly string[] }>
> = {
  luks2: {
    devices: ['/dev/mapper/control', '/dev/loop-control'],
    programs: ['cryptsetup', 'fallocate', 'mkfs.ext4', 'mount', 'umount'],
  },
  gocryptfs: {
    devices: ['/dev/fuse', '/dev/loop-control'],
    programs: ['gocryptfs', 'fusermount', 'fallocate', 'mkfs.ext4', 'mount', 'umount'],
  },
};

/** In the order in which they are preferred: the kernel is faster, and hides the number and sizes of files. */
const PREFERENCE: readonly VolumeKind[] = ['luks2', 'gocryptfs'];

/** Where {@link chooseVolumeKind} looks. */
export interface VolumeKindOptions {
  /** Directory with `dev`; `/` unless told. */
  readonly root?: string;
  /** Directories with programs; the system's unless told. */
  readonly programDirectories?: readonly string[];
}

/**
 * Finds out how volumes can be encrypted on this machine.
 *
 * @throws LauncherError ERR_LAUNCHER_VOLUME_REFUSED naming what is missing when they cannot
 */
export async function chooseVolumeKind(options: VolumeKindOptions = {}): Promise<VolumeKind> {
  const reasons: string[] = [];
  for (const kind of PREFERENCE) {
    const missing = await missingFor(kind, options);
    if (missing.length === 0) return kind;
    reasons.push(`${kind} needs ${missing.join(' and ')}`);
  }
  const message = `storage cannot be encrypted on this machine: ${reasons.join('; ')}`;
  throw new LauncherError('ERR_LAUNCHER_VOLUME_REFUSED', message, {
    hint: 'install the packages cryptsetup-bin, or gocryptfs and fuse3, and load the kernel modules',
  });
}

async function missingFor(
  kind: VolumeKind,
  { root = '/', programDirectories }: VolumeKindOptions,
): Promise<readonly string[]> {
  const { devices, programs } = NEEDS[kind];
  const missing: string[] = [];
  for (const device of devices) {
    const found = await stat(`${root === '/' ? '' : root}${device}`).catch(() => undefined);
    if (found?.isCharacterDevice() !== true) missing.push(device);
  }
  for (const program of programs) {
    await findProgram(program, programDirectories).catch(() => missing.push(program));
  }
  return missing;
}
