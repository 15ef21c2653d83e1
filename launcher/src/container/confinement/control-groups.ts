// SPDX-License-Identifier: Apache-2.0
import { join, relative } from 'node:path/posix';
import type { MountEntry } from './mount-table.ts';

/** What the launcher limits. */
export type Controller = 'pids' | 'memory' | 'cpu' | 'devices';

/** Where the files of a controller are for one process. */
export interface ControlGroup {
  readonly version: 1 | 2;
  readonly directory: string;
}

/**
 * Finds the directory of a controller for one process. On a machine with both versions of control groups each
 * controller is in one of them.
 *
 * @param controller - which one
 * @param membership - content of `/proc/pid/cgroup` (cgroups(7)), read in the namespace that the mounts are of
 * @param mounts - this process's own mount table
 * @returns the directory, or `undefined` when there is none
 */
export function controlGroup(
  controller: Controller,
  membership: string,
  mounts: readonly MountEntry[],
): ControlGroup | undefined {
  const lines = membership.split('\n').map(parseLine);
  const own = lines.find((line) => line?.controllers.includes(controller) === true);
  const unified = lines.find((line) => line?.hierarchy === '0');
  const line = own ?? unified;
  const mount = mounts.findLast((entry) =>
    own === undefined
      ? entry.fileSystem === 'cgroup2'
      : entry.fileSystem === 'cgroup' && entry.superOptions.includes(controller),
  );
  if (line === undefined || mount === undefined) return undefined;
  // What is mounted may be a part of the tree; a group outside of it cannot be seen.
  const path = relative(mount.root, line.path);
  if (`${line.path}/${path}`.split('/').includes('..')) return undefined;
  return { version: own === undefined ? 2 : 1, directory: join(mount.target, path) };
}

/** `hierarchy:controllers:path`; version 2 is hierarchy 0 without controllers. */
function parseLine(
  line: string,
): { hierarchy: string; controllers: readonly string[]; path: string } | undefined {
  const [, hierarchy, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
  if (hierarchy === undefined || controllers === undefined || path === undefined) return undefined;
  return { hierarchy, controllers: controllers.split(','), path };
}
