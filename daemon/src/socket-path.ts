// SPDX-License-Identifier: Apache-2.0
import { link, lstat, mkdtemp, rename, rm, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { DaemonError } from './errors.ts';

/** Longest path of a unix socket: `sun_path` has 108 bytes, one of them the closing NUL (unix(7)). */
export const MAX_SOCKET_PATH_BYTES = 107;

/** A process that is alive accepts in microseconds; one that does not in this time still holds its socket. */
export const PROBE_TIMEOUT_MS = 1_000;

/** Attempts to take a name: after each, the one in the way was stale and has been removed. */
const MAX_CLAIMS = 3;

/** A name in the file system that a socket is bound to. */
export interface SocketClaim {
  /** Frees the name, unless another process has taken it since. */
  release(): Promise<void>;
}

/**
 * Gives a socket its name. `listen` binds it in a directory that only we can enter, so that nobody connects before its
 * permissions are right; a hard link then makes it appear under its name, which fails if that is taken.
 *
 * @param listen binds to the path it is given and sets the permissions
 * @throws DaemonError `ERR_DAEMON_SOCKET_PATH` when the path is too long, cannot be written or holds something else;
 *   `ERR_DAEMON_SOCKET_IN_USE` when something answers there
 */
export async function claimSocketPath(
  path: string,
  listen: (temporaryPath: string) => Promise<void>,
): Promise<SocketClaim> {
  const directory = await privateDirectory(path);
  const temporary = join(directory, 's');
  try {
    checkLength(temporary);
    await listen(temporary);
    const { ino, dev } = await lstat(temporary);
    await takeName(temporary, path);
    return { release: () => releaseName(path, ino, dev) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function privateDirectory(path: string): Promise<string> {
  checkLength(path);
  try {
    return await mkdtemp(join(dirname(path), '.s-'));
  } catch (cause) {
    throw new DaemonError('ERR_DAEMON_SOCKET_PATH', `cannot make a socket in ${dirname(path)}`, {
      cause,
    });
  }
}

function checkLength(path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= MAX_SOCKET_PATH_BYTES) return;
  throw new DaemonError('ERR_DAEMON_SOCKET_PATH', `path of a unix socket is too long: ${path}`, {
    expected: `at most ${String(MAX_SOCKET_PATH_BYTES)} bytes`,
    seen: `${String(length)} bytes`,
    hint: 'choose a shorter run_dir',
  });
}

async function takeName(temporary: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await link(temporary, path);
      return;
    } catch (cause) {
      const taken = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
      if (!taken || attempt === MAX_CLAIMS) {
        throw new DaemonError('ERR_DAEMON_SOCKET_PATH', `cannot make the socket ${path}`, {
          cause,
        });
      }
    }
    await removeStaleSocket(path, `${temporary}.stale`);
  }
}

/**
 * Moves a dead socket aside. Between the question and the move, another process may have taken the name: what was moved
 * is then a live socket, and goes back.
 */
async function removeStaleSocket(path: string, aside: string): Promise<void> {
  const found = await lstat(path).catch(ignoreMissing);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new DaemonError('ERR_DAEMON_SOCKET_PATH', `${path} exists and is not a socket`);
  }
  if (await answers(path)) {
    throw new DaemonError('ERR_DAEMON_SOCKET_IN_USE', `another process answers on ${path}`, {
      hint: 'stop it, or choose another run_dir',
    });
  }
  await rename(path, aside).catch(ignoreMissing);
  const moved = await lstat(aside).catch(ignoreMissing);
  if (moved !== undefined && moved.ino !== found.ino) await link(aside, path).catch(ignoreTaken);
  await rm(aside, { force: true });
}

/** Whether anything may be listening; only a clear refusal says no. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => {
      settle(true);
    });
    socket.once('connect', () => {
      settle(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

async function releaseName(path: string, ino: number, dev: number): Promise<void> {
  const found = await lstat(path).catch(ignoreMissing);
  if (found?.ino === ino && found.dev === dev) await unlink(path);
}

/** Somebody else was faster to remove it, which is as good. */
function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** A third process has the name now; it will answer the next question. */
function ignoreTaken(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
