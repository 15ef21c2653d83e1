// SPDX-License-Identifier: Apache-2.0
import { lstat, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { SimulatorError } from '../errors.ts';

/** `sun_path` has 108 bytes on Linux, one of them for the final zero; macOS has fewer and says so itself. */
const MAX_SOCKET_PATH_BYTES = 107;

/** Only the user who runs the simulator may ask it for evidence. */
const OWNER_ONLY_UMASK = 0o177;

/**
 * Makes a server listen on a unix socket that its owner alone can use. A socket file that a dead process left is
 * replaced; one that answers is left alone.
 *
 * @param server - the server
 * @param path - where
 * @throws SimulatorError `ERR_SIMULATOR_SOCKET_PATH`, `ERR_SIMULATOR_SOCKET_IN_USE`, `ERR_SIMULATOR_LISTEN`
 */
export async function listenOnUnixSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new SimulatorError(
      'ERR_SIMULATOR_SOCKET_PATH',
      `socket path has ${Buffer.byteLength(path)} bytes`,
      {
        expected: `at most ${MAX_SOCKET_PATH_BYTES} bytes`,
        hint: 'choose a shorter run_dir',
      },
    );
  }
  await removeStaleSocket(path);
  await listen(server, path);
}

async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new SimulatorError('ERR_SIMULATOR_LISTEN', `${path} exists and is not a socket`);
  }
  if (await somebodyAnswers(path)) {
    throw new SimulatorError('ERR_SIMULATOR_SOCKET_IN_USE', `another process answers on ${path}`, {
      hint: 'stop the other simulator, or choose another run_dir',
    });
  }
  await rm(path, { force: true });
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new SimulatorError('ERR_SIMULATOR_LISTEN', `cannot listen on ${path}`, {
          hint: 'the directory must exist and belong to this user',
          cause,
        }),
      );
    });
    // The socket is created inside `listen`, before it returns, so the narrow umask covers exactly that and there
    // is no moment at which others could connect. A chmod afterwards would leave one.
    const previous = process.umask(OWNER_ONLY_UMASK);
    try {
      server.listen(path, resolve);
    } finally {
      process.umask(previous);
    }
  });
}

async function somebodyAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => {
      resolve(false);
    });
  });
}
