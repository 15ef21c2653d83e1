// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';
import type { ContainerMount } from '../container-spec.ts';
import { isAtOrBelow } from '../mount-targets.ts';
import { KERNEL_TARGETS } from '../oci-mounts.ts';
import type { Finding } from './finding.ts';
import { mountAt, type MountEntry } from './mount-table.ts';

/** The kernel rounds sizes up to whole pages (tmpfs(5)). */
const PAGE_BYTES = 4_096;

/** What a container is to see. */
export interface ExpectedMounts {
  readonly readOnlyRoot: boolean;
  /** Its own mounts, at the places that their targets lead to. */
  readonly mounts: readonly ContainerMount[];
  /** Paths of its device nodes, which are mounts where it cannot have nodes of its own. */
  readonly devices: readonly string[];
  /** Files of the kernel that are hidden. */
  readonly masked: readonly string[];
  /** Files of the kernel that cannot be written. */
  readonly readOnly: readonly string[];
}

/**
 * Compares the mounts that a container sees with what it was to see.
 *
 * @param table - mount table of a process of the container, which has its root directory already
 * @param expected - what it was to see
 * @returns what differs
 */
export function* mountFindings(
  table: readonly MountEntry[],
  expected: ExpectedMounts,
): Generator<Finding> {
  if (expected.readOnlyRoot) yield* missingOptions(table, '/', ['ro']);
  for (const mount of expected.mounts) {
    yield* missingOptions(table, mount.target, optionsOf(mount));
    if (mount.kind === 'tmpfs') yield* sizeFindings(table, mount.target, mount.sizeBytes);
  }
  yield* missingOptions(table, '/sys', ['ro']);
  for (const path of expected.readOnly) yield* missingOptions(table, path, ['ro']);
  for (const path of expected.masked) yield* missingOptions(table, path, []);
  for (const { fileSystem, target } of table) {
    // Its limits would be in its own hands.
    if (!fileSystem.startsWith('cgroup')) continue;
    yield { field: 'mounts', expected: 'no control groups', seen: `${fileSystem} at ${target}` };
  }
  yield* surplusFindings(table, expected);
}

/** More than was asked for is somebody else's file system. */
function* surplusFindings(
  table: readonly MountEntry[],
  { mounts, devices }: ExpectedMounts,
): Generator<Finding> {
  const known = new Set([
    '/',
    ...KERNEL_TARGETS,
    ...mounts.map(({ target }) => target),
    ...devices,
  ]);
  for (const entry of table) {
    if (known.has(entry.target) || isHidden(entry) || isOfPodman(entry)) continue;
    const { fileSystem, root, target } = entry;
    yield { field: 'mounts', expected: `nothing at ${target}`, seen: `${fileSystem} ${root}` };
  }
}

/** Whether it hides files of the kernel, or keeps them from being written, as engines do of themselves. */
function isHidden({ target, root, options }: MountEntry): boolean {
  if (!isAtOrBelow(target, '/proc') && !isAtOrBelow(target, '/sys')) return false;
  return options.includes('ro') || root === '/null';
}

/** Two files of no consequence that podman mounts in every container, and cannot be told not to. */
function isOfPodman({ target, root, options }: MountEntry): boolean {
  const isOne = target === '/etc/hostname' || target === '/run/.containerenv';
  const harmless = ['ro', 'nosuid', 'nodev', 'noexec'].every((name) => options.includes(name));
  return isOne && harmless && root.endsWith(`/userdata/${basename(target)}`);
}

/** The kernel writes the size in KiB, and not at all when it is its own default, half of the memory. */
function* sizeFindings(
  table: readonly MountEntry[],
  target: string,
  sizeBytes: number,
): Generator<Finding> {
  const option = mountAt(table, target)?.superOptions.find((text) => text.startsWith('size='));
  const kibibytes = /^size=(\d+)k$/.exec(option ?? '')?.[1];
  const most = Math.ceil(sizeBytes / PAGE_BYTES) * PAGE_BYTES;
  if (kibibytes !== undefined && Number(kibibytes) * 1_024 <= most) return;
  const seen = option ?? 'no size';
  yield { field: `mount ${target}`, expected: `at most ${String(most)} bytes`, seen };
}

function optionsOf(mount: ContainerMount): readonly string[] {
  const always = ['nosuid', 'nodev'];
  if (mount.kind === 'tmpfs') return [...always, 'noexec'];
  return [...always, ...(mount.readOnly ? ['ro'] : []), ...(mount.exec ? [] : ['noexec'])];
}

function* missingOptions(
  table: readonly MountEntry[],
  target: string,
  options: readonly string[],
): Generator<Finding> {
  const field = `mount ${target}`;
  const entry = mountAt(table, target);
  if (entry === undefined) {
    yield { field, expected: ['mounted', ...options].join(' '), seen: 'absent' };
    return;
  }
  const missing = options.filter((option) => !entry.options.includes(option));
  if (missing.length === 0) return;
  yield { field, expected: missing.join(' '), seen: entry.options.join(' ') };
}
