// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';

/** Linux reports CPU time in units of 1/100 s to programs, whatever the kernel's own tick is. */
const TICK_MS = 10;

/** What a process and its descendants use. */
export interface ProcessUsage {
  /** User and system time since they started. */
  readonly cpuMs: number;
  /** Resident memory; pages that processes share count for each of them. */
  readonly rssBytes: number;
  readonly processes: number;
}

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuMs: number;
}

/**
 * Adds up a process tree from `/proc` (proc_pid_stat(5), proc_pid_status(5)).
 *
 * @returns undefined where there is no `/proc`, or no such process.
 */
export function processUsage(root: number): ProcessUsage | undefined {
  const tree = descendants(root, readAllStats());
  if (tree.length === 0) return undefined;
  return {
    cpuMs: tree.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    rssBytes: tree.reduce((sum, { pid }) => sum + readRss(pid), 0),
    processes: tree.length,
  };
}

function readAllStats(): ProcessStat[] {
  return listProcesses().flatMap((pid) => readStat(pid) ?? []);
}

function listProcesses(): number[] {
  try {
    return readdirSync('/proc')
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
  const [userTicks = 0, systemTicks = 0] = fields.slice(11, 13);
  return { pid, parent, cpuMs: (userTicks + systemTicks) * TICK_MS };
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
