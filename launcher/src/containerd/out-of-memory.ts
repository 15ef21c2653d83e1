// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * How long before the end of a container an event still explains it. A worker that ran out of memory a day ago has
 * nothing to do with the end today.
 */
export const OOM_EXPLAINS_MS = 10_000;

/** Exit code of a process that SIGKILL ended. */
const KILLED = 128 + 9;

/** What is known when a container has ended. */
export interface EndOfContainer {
  readonly code: number;
  /** Milliseconds. */
  readonly endedAt: number;
  /** When its last out-of-memory event was heard of, if one was. */
  readonly lastEvent: number | undefined;
  /** Whether we sent it a SIGKILL. */
  readonly killedByUs: boolean;
  /** How often the kernel counted it, from {@link readOomKills}. */
  readonly oomKills: number;
}

/**
 * Decides whether a container ended for want of memory. The event may come late, or have been missed while nobody
 * listened; the kernel's counter is there until the container is removed, but has no time. So the counter explains only
 * a SIGKILL that nobody else is known to have sent.
 */
export function endedOutOfMemory(end: EndOfContainer): boolean {
  const { lastEvent, endedAt } = end;
  if (lastEvent !== undefined && endedAt - lastEvent <= OOM_EXPLAINS_MS) return true;
  return end.code === KILLED && !end.killedByUs && end.oomKills > 0;
}

/**
 * Reads how many processes of a control group the kernel has ended for want of memory.
 *
 * @param cgroupsPath - as in the container's specification
 * @param root - where control groups are mounted
 * @returns 0 when it cannot be read
 */
export async function readOomKills(cgroupsPath: string, root = '/sys/fs/cgroup'): Promise<number> {
  const files = [
    // Version 2, one tree.
    join(root, cgroupsPath, 'memory.events'),
    // Version 1, a tree for each controller.
    join(root, 'memory', cgroupsPath, 'memory.oom_control'),
  ];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
    if (count !== undefined) return Number(count);
  }
  return 0;
}
