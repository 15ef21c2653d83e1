// SPDX-License-Identifier: Apache-2.0
import type { ContainerDevice, ContainerSpec } from '../container-spec.ts';
import { CPU_PERIOD_US, DEFAULT_DEVICES, cpuQuota } from '../oci-runtime-spec.ts';
import type { Finding } from './finding.ts';

/** Reads a file of a control group; `undefined` when there is none of that name. */
export type ControlGroupFile = (name: string) => Promise<string | undefined>;

/** The number of processes. Both versions have the same file. */
export async function pidsFinding(
  file: ControlGroupFile,
  spec: ContainerSpec,
): Promise<Finding | undefined> {
  return aboveLimit('pids.max', await file('pids.max'), spec.limits.pids);
}

/** Memory, and swap with it. */
export async function memoryFinding(
  version: 1 | 2,
  file: ControlGroupFile,
  spec: ContainerSpec,
): Promise<Finding | undefined> {
  const most = spec.limits.memoryBytes;
  if (most === undefined) return undefined;
  const limit = version === 1 ? 'memory.limit_in_bytes' : 'memory.max';
  // Version 1 counts memory and swap together. A kernel that does not count swap has no such file.
  const [swap, mostSwap] =
    version === 1 ? ['memory.memsw.limit_in_bytes', most] : ['memory.swap.max', 0];
  const swapText = await file(swap);
  return (
    aboveLimit(limit, await file(limit), most) ??
    (swapText === undefined ? undefined : aboveLimit(swap, swapText, mostSwap))
  );
}

/** Time on the CPUs. */
export async function cpuFinding(
  version: 1 | 2,
  file: ControlGroupFile,
  spec: ContainerSpec,
): Promise<Finding | undefined> {
  const { vcpus } = spec.limits;
  if (vcpus === undefined) return undefined;
  const names = version === 2 ? ['cpu.max'] : ['cpu.cfs_quota_us', 'cpu.cfs_period_us'];
  const texts = await Promise.all(names.map(file));
  const seen = texts.map((text) => text?.trim() ?? 'absent').join(' ');
  const [, quota, period] = /^([1-9]\d*) ([1-9]\d*)$/.exec(seen) ?? [];
  const most = cpuQuota(vcpus);
  // Compared as fractions, because an engine may choose another period.
  if (Number(quota) * CPU_PERIOD_US <= most * Number(period)) return undefined;
  const expected = `at most ${String(most)} ${String(CPU_PERIOD_US)}`;
  return { field: names.join(' and '), expected, seen };
}

/**
 * Devices that may be opened; version 1 alone, since version 2 keeps them in a program of the kernel that no file shows.
 */
export async function deviceFinding(
  file: ControlGroupFile,
  spec: ContainerSpec,
): Promise<Finding | undefined> {
  const text = await file('devices.list');
  const field = 'devices.list';
  if (text === undefined) return { field, expected: 'a list', seen: 'absent' };
  const allowed = new Set([
    ...DEFAULT_DEVICES.map(({ type, major, minor }) => deviceName(type, major, minor)),
    ...RUNTIME_DEVICES,
    ...spec.devices.map(({ kind, major, minor }: ContainerDevice) =>
      deviceName(kind, major, minor),
    ),
  ]);
  const lines = text.split('\n').filter((line) => line !== '');
  const excess = lines.find((line) => !isAllowed(line, allowed));
  if (excess === undefined) return undefined;
  return { field, expected: [...allowed].join(', '), seen: excess };
}

/** What runc adds by itself: /dev/net/tun, which does nothing without CAP_NET_ADMIN. */
const RUNTIME_DEVICES = ['c 10:200'];

/** `c 1:3 rwm`. To make nodes is harmless where they cannot be opened, and needs CAP_MKNOD; runc lists it. */
function isAllowed(line: string, allowed: ReadonlySet<string>): boolean {
  const [kind = '', numbers = '', access = ''] = line.split(' ');
  return access === 'm' || allowed.has(`${kind} ${numbers}`);
}

function deviceName(
  kind: string | undefined,
  major: number | undefined,
  minor: number | undefined,
): string {
  return `${kind ?? 'a'} ${String(major ?? '*')}:${String(minor ?? '*')}`;
}

/** The kernel rounds limits down to whole pages; `max` and the largest numbers mean none. */
function aboveLimit(field: string, text: string | undefined, most: number): Finding | undefined {
  const seen = text?.trim() ?? 'absent';
  if (/^\d+$/.test(seen) && Number(seen) <= most) return undefined;
  return { field, expected: `at most ${String(most)}`, seen };
}
