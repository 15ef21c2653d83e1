// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import type { Pool, PoolClient } from 'pg';
import { FleetError } from '../errors.ts';
import type { Database, Queries, SqlValue } from './database.ts';
import { asDatabaseError } from './sql-state.ts';

/** Connections of one control plane. Statements take milliseconds; PostgreSQL has 100 connections for everybody. */
const MAX_CONNECTIONS = 10;
/** A request that waits longer for a connection is better refused than kept. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Nothing that is asked for takes a second; locks of a transaction that hangs shall not be waited for without end. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** No statement answers later than this, even when the network has swallowed the connection. */
const QUERY_TIMEOUT_MS = 15_000;
/** What an instance that stopped in the middle of a transaction has locked is free after this. */
const IDLE_IN_TRANSACTION_MS = 15_000;

/**
 * Opens a PostgreSQL, version 14 or later.
 *
 * @param url - `postgresql://user@host:5432/name`, as libpq reads it
 * @param logger - for connections that break while nobody uses them
 * @throws FleetError `ERR_FLEET_DATABASE_URL`. Whether it answers shows with the first statement.
 */
export async function openPostgres(url: string, logger: Logger): Promise<Database> {
  if (!/^postgres(?:ql)?:\/\//u.test(url)) {
    throw new FleetError('ERR_FLEET_DATABASE_URL', 'the URL of the database has another scheme', {
      expected: 'postgresql://…',
    });
  }
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    application_name: 'proofgate-control-plane',
  });
  // Without a listener a connection that breaks while it is idle ends the process.
  pool.on('error', (error) => {
    logger.warn({ err: error }, 'an idle connection to the database broke');
  });
  return {
    kind: 'postgresql',
    ...queriesOf(pool),
    transaction: (work) => inTransaction(pool, work),
    close: () => pool.end(),
  };
}

async function inTransaction<T>(pool: Pool, work: (queries: Queries) => Promise<T>): Promise<T> {
  const client = await connect(pool);
  let broken = false;
  // As above, while it is ours. The statement under way fails as well.
  const onError = (): void => {
    broken = true;
  };
  client.on('error', onError);
  try {
    await client.query('BEGIN');
    const result = await work(queriesOf(client));
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // A connection that cannot even roll back is thrown away, and the server does it.
    await client.query('ROLLBACK').catch(() => (broken = true));
    throw asDatabaseError(error);
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw asDatabaseError(error);
  }
}

function queriesOf(runner: Pick<Pool | PoolClient, 'query'>): Queries {
  const query = async (
    sql: string,
    parameters: readonly SqlValue[] = [],
  ): Promise<{ readonly rows: readonly unknown[]; readonly rowCount: number | null }> => {
    try {
      return await runner.query(sql, [...parameters]);
    } catch (error) {
      throw asDatabaseError(error);
    }
  };
  return {
    rows: async (row, sql, parameters) =>
      (await query(sql, parameters)).rows.map((each) => row.parse(each)),
    run: async (sql, parameters) => (await query(sql, parameters)).rowCount ?? 0,
  };
}
