// SPDX-License-Identifier: Apache-2.0
import { chmod, lstat, mkdir, stat } from 'node:fs/promises';
import { DaemonError } from './errors.ts';

/**
 * Makes sure that a directory exists with exactly this mode, whatever the umask and whoever made it before.
 *
 * @throws DaemonError `ERR_DAEMON_FILE_WRITE` when it cannot be made, is no directory (or a link to one), or belongs to
 *   another user
 */
export async function ensureDir(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode });
    const found = await lstat(path);
    if (!found.isDirectory()) throw new Error('it is not a directory');
    if (!isOurs(found.uid)) throw new Error(`it belongs to user ${String(found.uid)}`);
    if ((found.mode & 0o7777) !== mode) await chmod(path, mode);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot make directory ${path} with mode ${octal(mode)}: ${reason}`;
    throw new DaemonError('ERR_DAEMON_FILE_WRITE', message, { cause });
  }
}

/**
 * Refuses a file with a secret that another user could read or replace.
 *
 * @throws DaemonError `ERR_DAEMON_FILE_MISSING`, or `ERR_DAEMON_FILE_NOT_PRIVATE` when it is not a regular file, belongs
 *   to neither us nor root, or its mode lets the group or others in
 */
export async function assertPrivateFile(path: string): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new DaemonError('ERR_DAEMON_FILE_MISSING', `${path} cannot be found`, { cause });
  });
  if (!found.isFile()) throw notPrivate(path, 'a regular file', 'something else');
  if (!isOurs(found.uid)) {
    throw notPrivate(path, 'owner root or the user of this process', `owner ${String(found.uid)}`);
  }
  if ((found.mode & 0o077) !== 0) {
    throw notPrivate(path, 'mode 0600 or less', `mode ${octal(found.mode & 0o777)}`);
  }
}

/** Root could replace anything anyway. */
function isOurs(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

function notPrivate(path: string, expected: string, seen: string): DaemonError {
  return new DaemonError('ERR_DAEMON_FILE_NOT_PRIVATE', `${path} is not private: ${seen}`, {
    expected,
    seen,
    hint: `chmod 600 ${path}`,
  });
}

function octal(mode: number): string {
  return `0${mode.toString(8)}`;
}
