// SPDX-License-Identifier: Apache-2.0
import type { PGlite, Transaction } from '@electric-sql/pglite';
import { ensureDir } from '@proofgate/daemon';
import type { Database, Queries, SqlValue } from './database.ts';
import { lockDirectory } from './directory-lock.ts';
import { asDatabaseError } from './sql-state.ts';

/** The part of PGlite and of its transactions that runs statements. */
type Runner = Pick<PGlite | Transaction, 'query'>;

/**
 * Opens PostgreSQL inside this process: one connection, whose transactions run one after the other.
 *
 * @param directory - where it keeps its files, made when it is not there; without one they are kept in memory
 * @throws FleetError `ERR_FLEET_DATABASE_LOCKED` when another process has the directory
 */
export async function openPglite(directory?: string): Promise<Database> {
  if (directory !== undefined) await ensureDir(directory, 0o700);
  const lock = directory === undefined ? undefined : await lockDirectory(directory);
  try {
    // Megabytes of WebAssembly, which whoever has a PostgreSQL does not need.
    const { PGlite } = await import('@electric-sql/pglite');
    const pglite = await PGlite.create(directory === undefined ? {} : { dataDir: directory });
    return {
      kind: 'pglite',
      ...queriesOf(pglite),
      transaction: async (work) => {
        try {
          return await pglite.transaction((transaction) => work(queriesOf(transaction)));
        } catch (error) {
          throw asDatabaseError(error);
        }
      },
      close: async () => {
        await pglite.close();
        await lock?.release();
      },
    };
  } catch (error) {
    await lock?.release();
    throw asDatabaseError(error);
  }
}

function queriesOf(runner: Runner): Queries {
  const query = async (
    sql: string,
    parameters: readonly SqlValue[] = [],
  ): ReturnType<Runner['query']> => {
    try {
      return await runner.query(sql, [...parameters]);
    } catch (error) {
      throw asDatabaseError(error);
    }
  };
  return {
    rows: async (row, sql, parameters) =>
      (await query(sql, parameters)).rows.map((each) => row.parse(each)),
    run: async (sql, parameters) => (await query(sql, parameters)).affectedRows ?? 0,
  };
}
