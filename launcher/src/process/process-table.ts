// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

/** One line of the kernel's process table (`proc(5)`, `/proc/pid/stat`). */
export interface ProcessEntry {
  readonly pid: number;
  /** One letter; `Z` and `X` are dead but not yet reaped. */
  readonly state: string;
  /** Process group. */
  readonly group: number;
  /** Session; a process that we start leads its own. */
  readonly session: number;
  /** Clock ticks since the kernel booted. With the pid it names one process for ever. */
  readonly startTime: number;
}

/**
 * Reads one process.
 *
 * @param pid - process id
 * @returns the entry, also of a zombie; `undefined` when there is no such process
 */
export async function readProcess(pid: number): Promise<ProcessEntry | undefined> {
  return parseStat(await readFile(statPath(pid), 'utf8').catch(() => undefined));
}

/**
 * As {@link readProcess}, without letting the event loop turn: between `spawn` and the next turn Node cannot have
 * reaped the child, so its entry is certainly there, even if the child has already died.
 *
 * @param pid - process id
 * @returns the entry, or `undefined` when there is no such process
 */
export function readProcessNow(pid: number): ProcessEntry | undefined {
  try {
    return parseStat(readFileSync(statPath(pid), 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Tells whether a process still executes.
 *
 * @param entry - an entry of the table
 * @returns false for a zombie, which no signal can end
 */
export function isAlive(entry: ProcessEntry): boolean {
  return entry.state !== 'Z' && entry.state !== 'X';
}

/**
 * Lists the living processes that a condition holds for.
 *
 * @param condition - called once for each living process
 * @returns their entries, in no particular order
 */
export async function findProcesses(
  condition: (entry: ProcessEntry) => boolean | Promise<boolean>,
): Promise<readonly ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: ProcessEntry[] = [];
  for (const pid of pids) {
    const entry = await readProcess(pid);
    if (entry !== undefined && isAlive(entry) && (await condition(entry))) found.push(entry);
  }
  return found;
}

/**
 * Reads the real user of a process. `/proc/pid/status` is used because the owner of the directory becomes root as
 * soon as a process makes itself undumpable.
 *
 * @param pid - process id
 * @returns the real uid, or `undefined` when the process is gone
 */
export async function readRealUid(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => '');
  const uid = /^Uid:\t(\d+)/m.exec(status)?.[1];
  return uid === undefined ? undefined : Number(uid);
}

function statPath(pid: number): string {
  return `/proc/${String(pid)}/stat`;
}

function parseStat(text: string | undefined): ProcessEntry | undefined {
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses. A program chooses it and may put parentheses and spaces
  // into it, so the fields are counted from the last closing one.
  const nameEnd = text.lastIndexOf(')');
  const fields = text.slice(nameEnd + 2).split(' ');
  const [state, , group, session] = fields;
  const startTime = fields[START_TIME_AFTER_NAME];
  if (nameEnd < 0 || state === undefined || startTime === undefined) return undefined;
  return {
    pid: Number.parseInt(text, 10),
    state,
    group: Number(group),
    session: Number(session),
    startTime: Number(startTime),
  };
}

/** `starttime` is field 22 of `proc(5)`; the state, field 3, is the first after the name. */
const START_TIME_AFTER_NAME = 22 - 3;
