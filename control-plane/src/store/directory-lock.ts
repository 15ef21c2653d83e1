// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import { FleetError } from '../errors.ts';

/** Held for as long as a process works in a directory. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Makes sure that one process at a time has the files of an embedded database. The lock is a name in the kernel's
 * abstract socket namespace (unix(7)): taking it is atomic, and it is gone with the process, however that ends.
 *
 * @param directory - one that exists
 * @throws FleetError `ERR_FLEET_DATABASE_LOCKED`
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = await realpath(directory);
  const name = createHash('sha256').update(path).digest('hex');
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen({ path: `\0proofgate-database-${name}` });
    await once(server, 'listening');
  } catch (cause) {
    throw new FleetError('ERR_FLEET_DATABASE_LOCKED', `another process uses ${path}`, {
      expected: 'one control plane for one embedded database',
      hint: 'stop the other one, or give both the URL of a PostgreSQL',
      cause,
    });
  }
  server.unref();
  return {
    release: async () => {
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}
