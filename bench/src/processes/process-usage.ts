// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';

/** What a process and its descendants use. */
export interface ProcessUsage {
  /** User and system time since they started, of the threads that live. */
  readonly cpuMs: number;
  /** Resident memory; pages that processes share count for each of them. */
  readonly rssBytes: number;
  readonly processes: number;
}

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
}

/**
 * Adds up a process tree from `/proc` (proc_pid_stat(5), proc_pid_status(5)). The time is that of the scheduler, which counts
 * nanoseconds; `stat` would round to hundredths of a second.
 *
 * @returns undefined where there is no `/proc`, or no such process.
 */
export function processUsage(root: number): ProcessUsage | undefined {
  const tree = descendants(root, readAllStats());
  if (tree.length === 0) return undefined;
  return {
    cpuMs: tree.reduce((sum, { pid }) => sum + readCpuMs(pid), 0),
    rssBytes: tree.reduce((sum, { pid }) => sum + readRss(pid), 0),
    processes: tree.length,
  };
}

function readAllStats(): ProcessStat[] {
  return list('/proc').flatMap((pid) => readStat(pid) ?? []);
}

/** Numbers of processes or threads. */
function list(directory: string): number[] {
  try {
    return readdirSync(directory)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function readStat(pid: number): ProcessStat | undefined {
  const stat = readIfPresent(`/proc/${String(pid)}/stat`);
  // The second field is the program's name in brackets, which may itself contain anything; the rest is numbers.
  const fields = stat
    ?.slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  if (fields === undefined) return undefined;
  const [, parent = 0] = fields;
  return { pid, parent };
}

/** schedstat of each thread: nanoseconds on a core, nanoseconds in a queue, time slices. */
function readCpuMs(pid: number): number {
  const threads = list(`/proc/${String(pid)}/task`);
  const stats = threads.map((thread) => {
    const stat = readIfPresent(`/proc/${String(pid)}/task/${String(thread)}/schedstat`) ?? '0';
    return Number(stat.split(' ', 1)[0]);
  });
  return stats.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1_000_000;
}

function readRss(pid: number): number {
  const status = readIfPresent(`/proc/${String(pid)}/status`) ?? '';
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

function descendants(root: number, all: readonly ProcessStat[]): ProcessStat[] {
  const own = all.filter(({ pid }) => pid === root);
  const children = all.filter(({ parent }) => parent === root);
  return [...own, ...children.flatMap(({ pid }) => descendants(pid, all))];
}

/** Processes end while one reads about them. */
function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
