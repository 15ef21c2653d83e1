// SPDX-License-Identifier: Apache-2.0
import type { Stats } from 'node:fs';
import { chmod, chown, lstat, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSpec } from '../container/container-spec.ts';
import type { Mount } from './messages.ts';

/** A file or directory that has to be there for something to be mounted on it. */
export interface MountPoint {
  /** Absolute, in the container. */
  readonly path: string;
  readonly kind: 'directory' | 'file';
}

/**
 * Directories whose files together are a container's root file system: the first is written to and hides the others.
 */
export interface RootDirectories {
  readonly upper: string;
  readonly lowers: readonly string[];
}

/** File systems of the kernel that every container has. */
const KERNEL_MOUNT_POINTS = ['/proc', '/dev', '/sys'];

/**
 * Makes the mount points that an image lacks. An OCI runtime does so itself, but in a user namespace it is nobody in the
 * image's files, and may not.
 *
 * @param mounts - of the container's snapshot; nothing runs in it yet
 * @param spec - a container with a user namespace
 */
export async function makeMountPoints(
  mounts: readonly Mount[],
  spec: ContainerSpec,
): Promise<void> {
  const root = rootDirectories(mounts);
  if (root === undefined) return;
  for (const point of await mountPointsOf(spec)) await makeMountPoint(root, point);
}

/**
 * Makes one mount point in the first directory, unless the container's root has something there already.
 * Links are never followed: a link in an image leads out of it.
 */
export async function makeMountPoint(root: RootDirectories, point: MountPoint): Promise<void> {
  const names = point.path
    .split('/')
    .filter((name) => name !== '' && name !== '.' && name !== '..');
  const present = await presentDirectories(root, names);
  if (present === undefined) return;
  for (const [at, { directory, stats }] of present.entries()) {
    if (directory === root.upper) continue;
    await makeDirectory(join(root.upper, ...names.slice(0, at + 1)), stats);
  }
  for (let length = present.length + 1; length <= names.length; length += 1) {
    const path = join(root.upper, ...names.slice(0, length));
    const isFile = length === names.length && point.kind === 'file';
    if (isFile) await writeFile(path, '', { flag: 'wx', mode: 0o644 });
    else await makeDirectory(path);
  }
}

/** @returns `undefined` for a kind of snapshot that nothing is known about */
export function rootDirectories(mounts: readonly Mount[]): RootDirectories | undefined {
  const [mount] = mounts;
  if (mount?.type === 'bind') return { upper: mount.source, lowers: [] };
  const upper = optionOf(mount, 'upperdir');
  const lowers = optionOf(mount, 'lowerdir');
  if (mount?.type !== 'overlay' || upper === undefined || lowers === undefined) return undefined;
  return { upper, lowers: lowers.split(':') };
}

function optionOf(mount: Mount | undefined, name: string): string | undefined {
  const option = mount?.options.find((text) => text.startsWith(`${name}=`));
  return option?.slice(name.length + 1);
}

async function mountPointsOf(spec: ContainerSpec): Promise<readonly MountPoint[]> {
  const points: MountPoint[] = [...KERNEL_MOUNT_POINTS, spec.cwd].map((path) => ({
    path,
    kind: 'directory',
  }));
  for (const mount of spec.mounts) {
    const isFile = mount.kind === 'bind' && !(await stat(mount.source)).isDirectory();
    points.push({ path: mount.target, kind: isFile ? 'file' : 'directory' });
  }
  return points;
}

/** Something in a container's root, and in which of the directories it is. */
interface Found {
  readonly directory: string;
  readonly stats: Stats;
}

/**
 * The directories on the way to a path, as far as they exist.
 *
 * @returns `undefined` when the path exists already, or leads over something that is no directory
 */
async function presentDirectories(
  root: RootDirectories,
  names: readonly string[],
): Promise<readonly Found[] | undefined> {
  const present: Found[] = [];
  for (const at of names.keys()) {
    const found = await firstOf(root, join(...names.slice(0, at + 1)));
    if (found === undefined) return present;
    if (!found.stats.isDirectory()) return undefined;
    present.push(found);
  }
  return undefined;
}

/** What the container sees at a path. */
async function firstOf(
  { upper, lowers }: RootDirectories,
  path: string,
): Promise<Found | undefined> {
  for (const directory of [upper, ...lowers]) {
    const stats = await lstat(join(directory, path)).catch(() => undefined);
    if (stats !== undefined) return { directory, stats };
  }
  return undefined;
}

/** One that hides the image's own has to look like it. */
async function makeDirectory(path: string, like?: Stats): Promise<void> {
  await mkdir(path, { mode: 0o755 });
  if (like === undefined) return;
  await chown(path, like.uid, like.gid);
  await chmod(path, like.mode & 0o7777);
}
