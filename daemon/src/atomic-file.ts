// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DaemonError } from './errors.ts';

/** How a file is written. */
export interface WriteOptions {
  /** Permissions, exact whatever the umask; 0600 unless told. */
  readonly mode?: number;
}

/** Readable by its owner alone: most of what a daemon keeps is nobody else's business. */
export const DEFAULT_FILE_MODE = 0o600;

/**
 * Replaces a file as a whole: a reader, or a machine that loses power, sees the old content or the new one. The data
 * goes to a temporary file in the same directory, is flushed, renamed over the target, and the directory is flushed.
 *
 * @throws DaemonError `ERR_DAEMON_FILE_WRITE`; the temporary file is gone then
 */
export async function writeFileAtomic(
  path: string,
  data: Uint8Array | string,
  { mode = DEFAULT_FILE_MODE }: WriteOptions = {},
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeFlushed(temporary, data, mode);
    await rename(temporary, path);
    await flushDirectory(dirname(path));
  } catch (cause) {
    await unlink(temporary).catch(ignoreMissing);
    throw new DaemonError('ERR_DAEMON_FILE_WRITE', `cannot write ${path}`, { cause });
  }
}

async function writeFlushed(path: string, data: Uint8Array | string, mode: number): Promise<void> {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const file = await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, DEFAULT_FILE_MODE);
  try {
    await file.chmod(mode);
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function ignoreMissing(): void {
  // After the rename, or when the open failed, there is nothing left to remove.
}
