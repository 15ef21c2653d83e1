// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { processIdentity } from '@proofgate/daemon';
import { isCode } from './error-code.ts';

/** The process that a lock names. A start time of 0 means that the system does not tell. */
export interface LockHolder {
  readonly pid: number;
  readonly startTime: number;
}

/** What stands in a lock that nobody could have written, such as an empty one: no process holds it. */
const NOBODY: LockHolder = { pid: 0, startTime: 0 };

/** This process, as a lock names it. */
export function ownHolder(): LockHolder {
  return processIdentity(process.pid) ?? { pid: process.pid, startTime: 0 };
}

/**
 * What a lock of a process contains.
 *
 * @param holder - the process
 */
export function holderText({ pid, startTime }: LockHolder): string {
  return `${String(pid)} ${String(startTime)}\n`;
}

/**
 * Who holds a lock.
 *
 * @param path - the lock
 * @returns `undefined` when there is none
 */
export async function readHolder(path: string): Promise<LockHolder | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const [, pid, startTime] = /^([1-9]\d{0,6}) (\d{1,20})\n$/.exec(text) ?? [];
  return pid === undefined ? NOBODY : { pid: Number(pid), startTime: Number(startTime) };
}

/** Whether both name the same process. */
export function isSameHolder(one: LockHolder | undefined, other: LockHolder): boolean {
  return one?.pid === other.pid && one.startTime === other.startTime;
}

/**
 * Whether the process lives. One that cannot be looked at does.
 *
 * @param holder - the process
 */
export function isAlive({ pid, startTime }: LockHolder): boolean {
  if (pid === 0) return false;
  const found = processIdentity(pid);
  if (found !== undefined) return startTime === 0 || found.startTime === startTime;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isCode(error, 'ESRCH');
  }
}
