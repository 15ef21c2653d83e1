// SPDX-License-Identifier: Apache-2.0
import type { ContainerMount } from '../container-spec.ts';
import type { Finding } from './finding.ts';
import { mountAt, type MountEntry } from './mount-table.ts';

/** What a container is to see. */
export interface ExpectedMounts {
  readonly readOnlyRoot: boolean;
  /** Its own mounts, at the places that their targets lead to. */
  readonly mounts: readonly ContainerMount[];
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
  }
  yield* missingOptions(table, '/sys', ['ro']);
  for (const path of expected.readOnly) yield* missingOptions(table, path, ['ro']);
  for (const path of expected.masked) yield* missingOptions(table, path, []);
  for (const { fileSystem, target } of table) {
    // Its limits would be in its own hands.
    if (!fileSystem.startsWith('cgroup')) continue;
    yield { field: 'mounts', expected: 'no control groups', seen: `${fileSystem} at ${target}` };
  }
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
