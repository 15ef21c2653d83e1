// SPDX-License-Identifier: Apache-2.0
import { constants, type Stats } from 'node:fs';
import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** Most that is kept of one stream: one file of this size being written and one older of at most the same. */
export const MAX_LOG_BYTES: number = 16 * 1024 * 1024;

/** Bytes copied at once while a log is being shortened. */
const COPY_CHUNK_BYTES = 64 * 1024;

/** The two streams that a process writes. */
export const LOG_STREAMS = ['stdout', 'stderr'] as const;

/** Open log files of one workload, to be handed to its process. */
export interface LogFiles {
  readonly stdout: FileHandle;
  readonly stderr: FileHandle;
  close(): Promise<void>;
}

/**
 * Opens the log files of a workload for appending. The process gets the descriptors themselves, not a pipe to us:
 * it goes on writing when the launcher is killed, and never waits for a reader.
 *
 * @param dir - the workload's own log directory; only the launcher's user may enter it
 * @param owner - whom the files belong to, so that a program may reopen `/dev/stdout`; `undefined` for the launcher
 * @returns the open files
 */
export async function openLogFiles(
  dir: string,
  owner: { readonly uid: number; readonly gid: number } | undefined,
): Promise<LogFiles> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const stdout = await openLog(logPath(dir, 'stdout'), owner);
  try {
    const stderr = await openLog(logPath(dir, 'stderr'), owner);
    return {
      stdout,
      stderr,
      close: async () => {
        await stdout.close();
        await stderr.close();
      },
    };
  } catch (error) {
    await stdout.close();
    throw error;
  }
}

/**
 * Shortens the logs of a workload that have outgrown the limit. A file cannot be replaced under a process that holds
 * it open, so its last part is copied to `<stream>.log.1` and the file itself is cut to nothing; the process, which
 * appends, goes on at the beginning. What it writes between the last read and the cut is lost: a few lines, and only
 * from a program that writes megabytes a second.
 *
 * @param dir - the workload's log directory
 * @param maxBytes - size above which a file is cut, and about as much as is kept of it
 */
export async function capLogFiles(dir: string, maxBytes: number = MAX_LOG_BYTES): Promise<void> {
  for (const stream of LOG_STREAMS) await capLog(logPath(dir, stream), maxBytes);
}

/**
 * Where one stream of a workload is logged.
 *
 * @param dir - the workload's log directory
 * @param stream - which stream
 * @returns the file's path
 */
export function logPath(dir: string, stream: (typeof LOG_STREAMS)[number]): string {
  return join(dir, `${stream}.log`);
}

async function openLog(
  path: string,
  owner: { readonly uid: number; readonly gid: number } | undefined,
): Promise<FileHandle> {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = constants;
  const file = await open(path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600);
  try {
    if (owner !== undefined) await file.chown(owner.uid, owner.gid);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function capLog(path: string, maxBytes: number): Promise<void> {
  const log = await open(path, constants.O_RDWR | constants.O_NOFOLLOW).catch(() => undefined);
  if (log === undefined) return;
  try {
    const stats: Stats = await log.stat();
    if (stats.size <= maxBytes) return;
    await copyFrom(log, stats.size - maxBytes, maxBytes, `${path}.1.new`);
    await log.truncate(0);
    await rename(`${path}.1.new`, `${path}.1`);
  } finally {
    await log.close();
  }
}

async function copyFrom(
  log: FileHandle,
  start: number,
  maxBytes: number,
  path: string,
): Promise<void> {
  const older = await open(path, 'w', 0o600);
  try {
    const chunk = Buffer.alloc(COPY_CHUNK_BYTES);
    // A program that writes while it is read is followed, but not for ever.
    for (let offset = start; offset < start + 2 * maxBytes;) {
      const { bytesRead } = await log.read(chunk, 0, chunk.length, offset);
      if (bytesRead === 0) return;
      await older.write(chunk.subarray(0, bytesRead));
      offset += bytesRead;
    }
  } finally {
    await older.close();
  }
}
