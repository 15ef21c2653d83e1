// SPDX-License-Identifier: Apache-2.0
import type { ContainerMount, ContainerSpec } from './container-spec.ts';
import type { OciMount } from './oci-spec.ts';

/** Size of /dev/shm: what container engines give; programs that share more ask for a volume. It counts as memory. */
export const SHM_SIZE_BYTES: number = 64 * 1024 * 1024;

/** Size of the file system that holds the device nodes, which take next to nothing. */
const DEV_SIZE_BYTES = 64 * 1024;

/** The group tty of every distribution: it owns pseudo-terminals. */
const TTY_GID = 5;

/** The file systems of the kernel that every container has. There is no control group file system among them. */
const KERNEL_MOUNTS: readonly OciMount[] = [
  {
    destination: '/proc',
    type: 'proc',
    source: 'proc',
    options: ['nosuid', 'noexec', 'nodev'],
  },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'noexec', 'strictatime', 'mode=755', `size=${String(DEV_SIZE_BYTES)}`],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: [
      ...['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
      `gid=${String(TTY_GID)}`,
    ],
  },
  {
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${String(SHM_SIZE_BYTES)}`],
  },
  {
    destination: '/dev/mqueue',
    type: 'mqueue',
    source: 'mqueue',
    options: ['nosuid', 'noexec', 'nodev'],
  },
  {
    destination: '/sys',
    type: 'sysfs',
    source: 'sysfs',
    options: ['nosuid', 'noexec', 'nodev', 'ro'],
  },
];

/** Where these are in every container. */
export const KERNEL_TARGETS: readonly string[] = KERNEL_MOUNTS.map(
  ({ destination }) => destination,
);

/**
 * Lists the mounts of a container in the order in which they are made.
 *
 * @param spec - the container
 * @returns the kernel's file systems first, then the container's, a directory always before what is below it
 */
export function ociMounts(spec: ContainerSpec): readonly OciMount[] {
  const sorted = [...spec.mounts].sort((a, b) => depth(a.target) - depth(b.target));
  return [...KERNEL_MOUNTS, ...sorted.map((mount) => ociMount(mount, spec))];
}

function ociMount(mount: ContainerMount, { uid, gid }: ContainerSpec): OciMount {
  if (mount.kind === 'tmpfs') {
    return {
      destination: mount.target,
      type: 'tmpfs',
      source: 'tmpfs',
      options: [
        ...['nosuid', 'nodev', 'noexec'],
        ...[`mode=${mount.mode.toString(8)}`, `size=${String(mount.sizeBytes)}`],
        // runc 1.1 puts the mode of the image's directory over ours: its owner can write to it all the same.
        ...[`uid=${String(uid)}`, `gid=${String(gid)}`],
      ],
    };
  }
  return {
    destination: mount.target,
    type: 'bind',
    source: mount.source,
    // Not "rbind": what happens to be mounted below the source was not asked for and would stay writable.
    options: [
      ...['bind', 'rprivate', 'nosuid', 'nodev', mount.readOnly ? 'ro' : 'rw'],
      ...(mount.exec ? [] : ['noexec']),
    ],
  };
}

function depth(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}
