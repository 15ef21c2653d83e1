// SPDX-License-Identifier: Apache-2.0
import { capabilityMask } from '../capabilities.ts';
import type { ContainerSpec } from '../container-spec.ts';
import type { Finding } from './finding.ts';

const CAPABILITY_SETS = ['CapBnd', 'CapEff', 'CapPrm', 'CapInh', 'CapAmb'];

/** Value of `Seccomp` when system calls are filtered (proc(5)). */
const SECCOMP_FILTER = '2';

/**
 * Compares the status of a process with what its container was to be: user, groups, capabilities, no-new-privileges and
 * the filter of system calls.
 *
 * @param status - content of `/proc/pid/status`
 * @param spec - the container
 * @returns what differs
 */
export function* statusFindings(status: string, spec: ContainerSpec): Generator<Finding> {
  const value = (field: string): string =>
    new RegExp(`^${field}:[ \\t]*(.*)$`, 'm').exec(status)?.[1]?.trim() ?? 'absent';
  const base = spec.userNamespaceBase ?? 0;
  // Real, effective, saved and file system id.
  yield* unlessAll(value('Uid'), 'Uid', String(base + spec.uid));
  yield* unlessAll(value('Gid'), 'Gid', String(base + spec.gid));
  yield* groupFindings(value('Groups'), spec, base);
  const allowed = capabilityMask(spec.capabilities);
  for (const set of CAPABILITY_SETS) yield* capabilityFindings(value(set), set, allowed);
  if (spec.noNewPrivileges && value('NoNewPrivs') !== '1') {
    yield { field: 'NoNewPrivs', expected: '1', seen: value('NoNewPrivs') };
  }
  if (spec.seccomp === 'default' && value('Seccomp') !== SECCOMP_FILTER) {
    yield { field: 'Seccomp', expected: SECCOMP_FILTER, seen: value('Seccomp') };
  }
}

function* unlessAll(seen: string, field: string, expected: string): Generator<Finding> {
  if (!seen.split(/\s+/).every((id) => id === expected)) yield { field, expected, seen };
}

/** Engines may list the main group among the others; a group that nobody asked for opens files that nobody gave. */
function* groupFindings(seen: string, spec: ContainerSpec, base: number): Generator<Finding> {
  const allowed = [spec.gid, ...spec.additionalGids].map((gid) => String(base + gid));
  const groups = seen.split(/\s+/).filter((gid) => gid !== '');
  if (!groups.every((gid) => allowed.includes(gid))) {
    yield { field: 'Groups', expected: `no others than ${allowed.join(' ')}`, seen };
  }
}

function* capabilityFindings(seen: string, field: string, allowed: bigint): Generator<Finding> {
  const excess = /^[0-9a-f]{1,16}$/.test(seen) ? BigInt(`0x${seen}`) & ~allowed : -1n;
  if (excess !== 0n) yield { field, expected: `at most ${hex(allowed)}`, seen };
}

function hex(mask: bigint): string {
  return mask.toString(16).padStart(16, '0');
}
