// SPDX-License-Identifier: Apache-2.0
import { chown, lstat, mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Volume } from '@proofgate/api';
import { ensureDir } from '@proofgate/daemon';
import { LauncherError } from '../../errors.ts';
import type { ContainerMount } from '../container-spec.ts';
import { cleanTarget, overlap, reservedTarget } from '../mount-targets.ts';

/** Name of the directory of volumes in the launcher's data directory. */
export const VOLUMES_DIRECTORY = 'volumes';

/** Its owner alone; the launcher's directories above it let nobody else in anyway. */
const VOLUME_MODE = 0o700;

/** Whose volumes. */
export interface VolumeScope {
  /** Name of the workload, for messages. */
  readonly workload: string;
  /** Absolute path of the launcher's data directory. */
  readonly dataDir: string;
  /** Places in the container that are taken already. */
  readonly taken: readonly string[];
}

/** Who a new volume belongs to, in numbers of the VM. */
export interface VolumeOwner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Checks the volumes of a container by what they are called, without looking at the disk: each is a directory
 * immediately below `<data_dir>/volumes`, and none is mounted where the launcher's own mounts are, or inside another.
 *
 * @param scope - whose they are
 * @param volumes - as declared
 * @throws LauncherError ERR_LAUNCHER_VOLUME_REFUSED
 */
export function checkVolumes(scope: VolumeScope, volumes: readonly Volume[]): void {
  const directory = resolve(scope.dataDir, VOLUMES_DIRECTORY);
  const places = [...scope.taken];
  for (const { host, container } of volumes) {
    const path = resolve(host);
    if (dirname(path) !== directory || basename(path).startsWith('.')) {
      throw refused(scope.workload, `${host} is not a volume of this launcher`, {
        expected: `${directory}/<name>`,
        seen: host,
        hint: 'other directories of the VM are not given to containers',
      });
    }
    const taken = reservedTarget(container) ?? places.find((place) => overlap(place, container));
    if (taken !== undefined) {
      throw refused(scope.workload, `a volume cannot be mounted at ${container}`, {
        expected: 'a place of its own',
        seen: `${taken} is taken`,
      });
    }
    places.push(container);
  }
}

/**
 * Makes the volumes of a container ready to be mounted. A new one is empty and belongs to the container's user; one
 * that exists stays as it is.
 *
 * @param scope - whose they are
 * @param volumes - as declared
 * @param owner - of new volumes
 * @returns what is to be mounted
 * @throws LauncherError ERR_LAUNCHER_VOLUME_REFUSED
 */
export async function prepareVolumes(
  scope: VolumeScope,
  volumes: readonly Volume[],
  owner: VolumeOwner,
): Promise<readonly ContainerMount[]> {
  checkVolumes(scope, volumes);
  if (volumes.length === 0) return [];
  const directory = resolve(scope.dataDir, VOLUMES_DIRECTORY);
  await ensureDir(directory, VOLUME_MODE);
  const real = await realpath(directory);
  const mounts: ContainerMount[] = [];
  for (const { host, container, readOnly } of volumes) {
    const source = join(real, basename(resolve(host)));
    await makeVolume(scope.workload, source, owner);
    mounts.push({ kind: 'bind', source, target: cleanTarget(container), readOnly, exec: false });
  }
  return mounts;
}

async function makeVolume(workload: string, path: string, owner: VolumeOwner): Promise<void> {
  const made = await mkdir(path, { mode: VOLUME_MODE }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
      throw refused(workload, `volume ${path} cannot be made`, { seen: path, cause: error });
    },
  );
  if (made) await chown(path, owner.uid, owner.gid);
  // Not followed: a link would lead out of the directory of volumes.
  const found = await lstat(path);
  if (!found.isDirectory()) {
    throw refused(workload, `volume ${path} is not a directory`, {
      expected: 'a directory',
      seen: found.isSymbolicLink() ? 'a symbolic link' : 'something else',
    });
  }
}

function refused(
  workload: string,
  problem: string,
  details: {
    readonly expected?: string;
    readonly seen: string;
    readonly hint?: string;
    readonly cause?: unknown;
  },
): LauncherError {
  const message = `volumes of workload ${workload}: ${problem}`;
  return new LauncherError('ERR_LAUNCHER_VOLUME_REFUSED', message, details);
}
