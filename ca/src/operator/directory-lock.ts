// SPDX-License-Identifier: Apache-2.0
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processIdentity } from '@proofgate/daemon';
import { CaError } from '../errors.ts';

/** Held for as long as a process works in the directory of a CA. */
export interface DirectoryLock {
  release(): Promise<void>;
}

const LOCK_FILE = 'lock';

/**
 * Makes sure that one process at a time signs and journals. A lock whose holder is gone, killed or switched off, is
 * taken over.
 *
 * @param directory - of the CA
 * @returns the lock, which has to be released
 * @throws CaError `ERR_CA_LOCKED` when a process that lives holds it
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, LOCK_FILE);
  const own = `${path}.${String(process.pid)}.tmp`;
  const { pid, startTime } = processIdentity(process.pid) ?? { pid: process.pid, startTime: 0 };
  await writeFile(own, `${String(pid)} ${String(startTime)}\n`, { mode: 0o600 });
  try {
    await acquire(own, path);
  } finally {
    await unlink(own);
  }
  return { release: () => unlink(path) };
}

/** A link appears with its content or not at all, which an exclusive create does not promise. */
async function acquire(own: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      await link(own, path);
      return;
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    const holder = await readHolder(path);
    if (holder !== undefined && isAlive(holder)) throw locked(path, holder.pid);
    await unlink(path).catch((error: unknown) => {
      if (!isCode(error, 'ENOENT')) throw error;
    });
  }
  throw locked(path, undefined);
}

interface Holder {
  readonly pid: number;
  readonly startTime: number;
}

async function readHolder(path: string): Promise<Holder | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const [, pid, startTime] = /^(\d{1,10}) (\d{1,20})\n$/.exec(text) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), startTime: Number(startTime) };
}

function isAlive({ pid, startTime }: Holder): boolean {
  const found = processIdentity(pid);
  return found !== undefined && (startTime === 0 || found.startTime === startTime);
}

function locked(path: string, pid: number | undefined): CaError {
  return new CaError('ERR_CA_LOCKED', 'another process is at work in the directory of the CA', {
    expected: `no ${path}`,
    seen: pid === undefined ? 'a process that began at the same moment' : `process ${String(pid)}`,
    hint: 'wait until it has ended and run the command again',
  });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
