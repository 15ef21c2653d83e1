// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@proofgate/daemon';

/** Where Debian keeps the programs of its PostgreSQL, which are not on the path. */
const DEBIAN = '/usr/lib/postgresql';

/** Directory of the newest PostgreSQL of this machine; `undefined` without one. */
export const POSTGRES_PROGRAMS: string | undefined = (existsSync(DEBIAN) ? readdirSync(DEBIAN) : [])
  .sort((a, b) => Number(b) - Number(a))
  .map((version) => join(DEBIAN, version, 'bin'))
  .find((directory) => existsSync(join(directory, 'initdb')));

/** A PostgreSQL of its own, on a unix socket in a directory of its own. */
export interface PostgresServer {
  /** Of one of its databases. */
  url(database: string): string;
  /** Its process, for tests that end it. */
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Starts a server; it takes a second. */
export async function startPostgres(programs: string): Promise<PostgresServer> {
  const directory = mkdtempSync(join(tmpdir(), 'pg-'));
  const user = serverUser();
  chmodSync(directory, 0o700);
  if (user !== undefined) chownSync(directory, user.uid, user.gid);
  const data = join(directory, 'data');
  const cluster = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
  ];
  const made = spawnSync(join(programs, 'initdb'), cluster, {
    ...user,
    cwd: directory,
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  // Before there is a server that nobody would end if this failed.
  const { default: pg } = await import('pg');
  const settings = ['listen_addresses=', 'fsync=off', 'shared_buffers=16MB', 'max_connections=60'];
  const server = spawn(
    join(programs, 'postgres'),
    ['-D', data, '-k', directory, ...settings.flatMap((setting) => ['-c', setting])],
    { ...user, cwd: directory, stdio: 'ignore' },
  );
  const url = (database: string): string =>
    `postgresql:///${database}?host=${encodeURIComponent(directory)}&user=postgres`;
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGQUIT');
      await once(server, 'exit');
    }
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await waitFor(
      async () => {
        const client = new pg.Client({ connectionString: url('postgres') });
        client.on('error', () => undefined);
        try {
          await client.connect();
          return true;
        } catch {
          return false;
        } finally {
          await client.end().catch(() => undefined);
        }
      },
      { timeoutMs: 30_000, what: 'PostgreSQL' },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, process: server, stop };
}

/** PostgreSQL refuses to run as root. */
function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('there is no user postgres');
  return { uid: Number(uid), gid: Number(gid) };
}
