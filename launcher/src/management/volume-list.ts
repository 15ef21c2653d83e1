// SPDX-License-Identifier: Apache-2.0
import { basename, resolve } from 'node:path';
import type { ContainerConfig, VolumeStatus } from '@proofgate/api';
import type { VolumeDirectory } from '../container/volumes/volume-directories.ts';
import type { FoundVolume } from '../volumes/encrypted-volume.ts';

/** The volumes of a VM. */
export interface FoundVolumes {
  readonly encrypted: readonly FoundVolume[];
  readonly directories: readonly VolumeDirectory[];
}

/**
 * All volumes as the management API shows them.
 *
 * @param found - what there is
 * @param workloads - that are loaded
 */
export function volumeList(
  { encrypted, directories }: FoundVolumes,
  workloads: readonly ContainerConfig[],
): readonly Omit<VolumeStatus, 'lv_name'>[] {
  return [
    ...encrypted.map(
      ({ name, kind, keyOrigin, sizeBytes, mounted, usedBytes, availableBytes }) => ({
        name,
        size_mb: megabytes(sizeBytes),
        mounted,
        kind,
        key_origin: keyOrigin,
        ...(usedBytes === undefined ? {} : { used_mb: megabytes(usedBytes) }),
        ...(availableBytes === undefined ? {} : { avail_mb: megabytes(availableBytes) }),
        // A volume belongs to a name.
        used_by: namesOf(workloads, (workload) => workload.name === name && hasStorage(workload)),
      }),
    ),
    ...directories.map(({ name, sizeBytes, availableBytes }) => {
      const users = namesOf(workloads, ({ volumes }) => volumes.some((one) => isCalled(one, name)));
      return {
        name,
        size_mb: megabytes(sizeBytes),
        mounted: users.length > 0,
        kind: 'directory' as const,
        avail_mb: megabytes(availableBytes),
        used_by: users,
      };
    }),
  ];
}

function namesOf(
  workloads: readonly ContainerConfig[],
  wanted: (workload: ContainerConfig) => boolean,
): readonly string[] {
  return workloads.filter(wanted).map(({ name }) => name);
}

function hasStorage({ storage }: ContainerConfig): boolean {
  return storage !== undefined;
}

/** Volumes are written as the config file has them: `<directory>/<name>:<place>`, perhaps with options. */
function isCalled(volume: string, name: string): boolean {
  return basename(resolve(volume.split(':', 1)[0] ?? '')) === name;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
