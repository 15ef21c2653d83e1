// SPDX-License-Identifier: Apache-2.0
import { createLogger } from '@proofgate/daemon';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openPglite } from '../../src/store/pglite-database.ts';
import { openPostgres } from '../../src/store/postgres-database.ts';
import { POSTGRES_PROGRAMS, startPostgres, type PostgresServer } from './postgres-server.ts';

/** A database that tests use. */
export interface TestDatabases {
  readonly kind: Database['kind'];
  /** One without anything in it, not even tables. */
  empty(): Promise<Database>;
  /** One with the tables of this version. */
  fresh(): Promise<Database>;
  /** Another instance's connection to the latest one. PGlite has one process and so one connection. */
  another(): Promise<Database>;
}

/** Starting a server or compiling PGlite, on a busy machine. */
const START_MS = 60_000;

/** For tests: nobody reads what is logged. */
export const silent = createLogger({ name: 'test', destination: { write: () => undefined } });

/**
 * Runs the same tests on both databases. Where PostgreSQL is not installed its half is skipped, and the title says why.
 */
export function describeOnBoth(title: string, tests: (databases: TestDatabases) => void): void {
  describe(`${title}, on PGlite`, () => {
    tests(pglite());
  });
  describeOnPostgres(title, tests);
}

/** Runs tests that need several processes on one database. */
export function describeOnPostgres(title: string, tests: (databases: TestDatabases) => void): void {
  const missing = POSTGRES_PROGRAMS === undefined;
  const name = `${title}, on PostgreSQL${missing ? ' (skipped: not on this machine)' : ''}`;
  describe.skipIf(missing)(name, () => {
    tests(postgres());
  });
}

/** One instance for all tests of a group: it takes a second and a hundred megabytes. */
function pglite(): TestDatabases {
  let shared: Database | undefined;
  beforeAll(async () => {
    shared = await openPglite();
  }, START_MS);
  afterAll(() => shared?.close());
  const current = (): Database => {
    if (shared === undefined) throw new Error('not started');
    return { ...shared, close: () => Promise.resolve() };
  };
  const empty = async (): Promise<Database> => {
    const database = current();
    await database.run('DROP SCHEMA public CASCADE');
    await database.run('CREATE SCHEMA public');
    return database;
  };
  return {
    kind: 'pglite',
    empty,
    fresh: async () => migrated(await empty()),
    another: () => Promise.resolve(current()),
  };
}

function postgres(): TestDatabases {
  let server: PostgresServer | undefined;
  let count = 0;
  const open: Database[] = [];
  beforeAll(async () => {
    server = await startPostgres(POSTGRES_PROGRAMS ?? '');
  }, START_MS);
  afterEach(async () => {
    for (const database of open.splice(0)) await database.close();
  });
  afterAll(() => server?.stop());
  const connect = async (name: string): Promise<Database> => {
    const database = await openPostgres(server?.url(name) ?? '', silent);
    open.push(database);
    return database;
  };
  const name = (): string => `test${String(count)}`;
  const empty = async (): Promise<Database> => {
    count += 1;
    const maintenance = await connect('postgres');
    await maintenance.run(`CREATE DATABASE ${name()}`);
    return connect(name());
  };
  return {
    kind: 'postgresql',
    empty,
    fresh: async () => migrated(await empty()),
    another: () => connect(name()),
  };
}

async function migrated(database: Database): Promise<Database> {
  await migrate(database);
  return database;
}
