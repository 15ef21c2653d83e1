// SPDX-License-Identifier: Apache-2.0
import { readFile, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sendSignal, SIGKILL } from './send-signal.ts';

/** Where the kernel shows control groups. */
export const CGROUP_ROOT = '/sys/fs/cgroup';

/** Time for a process that was killed to be gone. */
const END_TIMEOUT_MS = 2_000;
const END_POLL_MS = 10;

/**
 * Removes a control group and those below it, in every hierarchy, and ends the processes that are left in them: podman
 * removes a container's own group but not the ones around it, and conmon stays in one of those for some seconds after a
 * program that was run in the container.
 *
 * @param group - absolute, as in `/proc/<pid>/cgroup`
 * @param root - {@link CGROUP_ROOT} unless told
 */
export async function removeControlGroup(group: string, root: string = CGROUP_ROOT): Promise<void> {
  const end = performance.now() + END_TIMEOUT_MS;
  for (const tree of [root, ...(await directoriesIn(root))]) {
    while (!(await removeTree(join(tree, group))) && performance.now() < end) {
      await delay(END_POLL_MS);
    }
  }
}

/**
 * Finds a process's control group in the hierarchy that counts its memory.
 *
 * @param pid - of a running process
 * @returns directory; `undefined` when there is no such process
 */
export async function memoryGroupOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${String(pid)}/cgroup`, 'utf8').catch(() => '');
  return memoryGroupIn(text);
}

/**
 * Reads `/proc/<pid>/cgroup` (cgroups(7)): `<number>:<controllers>:<path>`, the unified hierarchy without controllers.
 *
 * @param text - of the file
 * @param root - {@link CGROUP_ROOT} unless told
 */
export function memoryGroupIn(text: string, root: string = CGROUP_ROOT): string | undefined {
  const lines = text.split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []);
  const memory = lines.find(([, controllers = '']) => controllers.split(',').includes('memory'));
  if (memory?.[2] !== undefined) return join(root, 'memory', memory[2]);
  const unified = lines.find(([, controllers]) => controllers === '');
  return unified?.[2] === undefined ? undefined : join(root, unified[2]);
}

/**
 * Reads how often the kernel has ended a process of a control group for want of memory.
 *
 * @param group - directory in the hierarchy that counts memory, of either version of control groups
 * @returns `undefined` when the group is gone or the kernel does not tell
 */
export async function oomKills(group: string): Promise<number | undefined> {
  for (const name of ['memory.events', 'memory.oom_control']) {
    const text = await readFile(join(group, name), 'utf8').catch(() => '');
    const found = /^oom_kill (\d+)$/m.exec(text);
    if (found !== null) return Number(found[1]);
  }
  return undefined;
}

/**
 * Lists the processes of a control group.
 *
 * @param group - directory
 * @returns process ids; none when the group is gone
 */
export async function processesIn(group: string): Promise<readonly number[]> {
  const text = await readFile(join(group, 'cgroup.procs'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

/** Depth first; answers whether it is gone. */
async function removeTree(directory: string): Promise<boolean> {
  for (const child of await directoriesIn(directory)) await removeTree(child);
  for (const pid of await processesIn(directory)) sendSignal(pid, SIGKILL);
  try {
    await rmdir(directory);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
}

async function directoriesIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name));
}
