// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { link, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CaError } from '../errors.ts';
import { isCode } from './error-code.ts';
import {
  holderText,
  isAlive,
  isSameHolder,
  ownHolder,
  readHolder,
  type LockHolder,
} from './lock-holder.ts';

/** Held for as long as a process works in the directory of a CA. */
export interface DirectoryLock {
  /** Lets others in. A lock that is not this one any more is left alone. */
  release(): Promise<void>;
}

const LOCK_FILE = 'lock';

/** `lock.takeover-<pid>-<start time>`: held by who is about to replace what that process, which is dead, has left. */
const TAKEOVER = 'takeover-';

/** Each further one needs another process that was released, or died, in the very moment; then the person may try again. */
const MAX_ATTEMPTS = 8;

/** What a process needs to take the lock. */
interface Claim {
  /** The lock. */
  readonly path: string;
  /** A file that names this process: a link to it appears with its content or not at all. */
  readonly own: string;
}

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
  const holder = ownHolder();
  const own = `${path}.${processName(holder)}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFlushed(own, holderText(holder));
    await acquire({ path, own });
  } finally {
    await remove(own);
  }
  let held = true;
  const release = async (): Promise<void> => {
    if (held && isSameHolder(await readHolder(path), holder)) await remove(path);
    held = false;
  };
  try {
    await removeLeftovers(directory);
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

async function acquire(claim: Claim): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    if (await linkTo(claim.path, claim.own)) return;
    const holder = await readHolder(claim.path);
    if (holder === undefined) continue;
    if (isAlive(holder)) throw locked(claim.path, holder.pid);
    if (await takeOver(claim, holder)) return;
  }
  throw locked(claim.path, undefined);
}

/** Without the guard two processes could see the same dead holder, and the slower one replace the lock of the faster. */
async function takeOver(claim: Claim, dead: LockHolder): Promise<boolean> {
  return guarded(claim, dead, claim.path, () => rename(claim.own, claim.path));
}

/**
 * Replaces a file that names a dead process, if it still does. Only who holds the guard of that process may, and only
 * one process can: so nothing happens between the look and the change.
 *
 * @returns whether it was replaced
 */
async function guarded(
  claim: Claim,
  dead: LockHolder,
  path: string,
  replace: () => Promise<void>,
  depth = 0,
): Promise<boolean> {
  const guard = `${claim.path}.${TAKEOVER}${processName(dead)}`;
  if (!(await linkTo(guard, claim.own))) {
    await clearGuard(claim, guard, depth);
    return false;
  }
  try {
    if (!isSameHolder(await readHolder(path), dead)) return false;
    await replace();
    return true;
  } finally {
    await remove(guard);
  }
}

/** A guard can be left behind as well: it is removed under the guard of the process that has left it. */
async function clearGuard(claim: Claim, guard: string, depth: number): Promise<void> {
  const holder = await readHolder(guard);
  if (holder === undefined) return;
  if (isAlive(holder) || depth >= MAX_ATTEMPTS) throw locked(guard, holder.pid);
  await guarded(claim, holder, guard, () => remove(guard), depth + 1);
}

/**
 * Removes what dead processes have left beside the lock. Their guards protect nothing any more: the lock names this
 * process now, and will never name a process again that was dead before.
 */
async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(`${LOCK_FILE}.`)) continue;
    const holder = await readHolder(join(directory, name));
    // A file that is still empty belongs to a process that begins: its name tells which.
    const owner = holder?.pid === 0 ? holderInName(name) : holder;
    if (owner !== undefined && !isAlive(owner)) await remove(join(directory, name));
  }
}

function holderInName(name: string): LockHolder | undefined {
  const [, pid, startTime] = /^lock\.([1-9]\d{0,6})-(\d{1,20})\./.exec(name) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), startTime: Number(startTime) };
}

function processName({ pid, startTime }: LockHolder): string {
  return `${String(pid)}-${String(startTime)}`;
}

/** Flushed, so that a lock that survives a loss of power is not an empty one. */
async function writeFlushed(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @returns false when the name is taken */
async function linkTo(path: string, own: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!isCode(error, 'ENOENT')) throw error;
  });
}

function locked(path: string, pid: number | undefined): CaError {
  return new CaError('ERR_CA_LOCKED', 'another process is at work in the directory of the CA', {
    expected: `no ${path}`,
    seen: pid === undefined ? 'a process that began at the same moment' : `process ${String(pid)}`,
    hint: 'wait until it has ended and run the command again',
  });
}
