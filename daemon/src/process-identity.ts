// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** A process that cannot be confused with a later one of the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process (proc_pid_stat(5), field 22). */
  readonly startTime: number;
}

/**
 * Who is behind a process id right now.
 *
 * @param procDir where the kernel tells about processes
 * @returns `undefined` when there is no such process, or no /proc
 */
export function processIdentity(pid: number, procDir = '/proc'): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`${procDir}/${String(pid)}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const startTime = startTimeOf(stat);
  return startTime === undefined ? undefined : { pid, startTime };
}

/**
 * Field 22 of a `/proc/<pid>/stat` line. The second field is the program's name in parentheses and may hold spaces and
 * parentheses itself, so fields are counted from the last closing one.
 */
function startTimeOf(stat: string): number | undefined {
  const afterName = stat.lastIndexOf(')');
  const fields = stat.slice(afterName + 2).split(' ');
  const text = fields[22 - 3];
  return afterName > 0 && text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
