// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { FleetError } from '../errors.ts';
import { firstRow, sqlInteger, type Database, type Queries } from '../store/database.ts';

/**
 * The right to work for something, such as one agent. Whoever gets it after another one gets a higher epoch, and what the
 * one before still tries to write is refused by the database: a stopped or cut-off instance that goes on later does no harm.
 */
export interface Lease {
  /** For what: `agent:<id>`, `sweep`. */
  readonly name: string;
  /** Which instance. */
  readonly holder: string;
  readonly epoch: number;
}

/** How long a lease is another's, unless it is renewed. The clock of the database decides. */
export interface LeaseTerms {
  readonly lifetimeMs: number;
}

const epochRow = z.strictObject({ epoch: sqlInteger });

const EXPIRY = `clock_timestamp() + $3::double precision * interval '1 millisecond'`;

/**
 * Takes a lease that is free or has run out, or renews one's own.
 *
 * @returns the lease; `undefined` while another one holds it
 * @throws FleetError `ERR_FLEET_DATABASE`
 */
export function acquireLease(
  queries: Queries,
  name: string,
  holder: string,
  { lifetimeMs }: LeaseTerms,
): Promise<Lease | undefined> {
  return take(
    queries,
    `INSERT INTO leases (name, holder, epoch, expires_at) VALUES ($1, $2, 1, ${EXPIRY})
      ON CONFLICT (name) DO UPDATE SET holder = $2, expires_at = excluded.expires_at,
        epoch = leases.epoch + CASE WHEN leases.holder = $2 AND leases.expires_at > clock_timestamp() THEN 0 ELSE 1 END
      WHERE leases.holder = $2 OR leases.expires_at <= clock_timestamp()
      RETURNING epoch`,
    { name, holder, lifetimeMs },
  );
}

/**
 * Takes a lease whoever holds it: for an agent that has come to this instance, and so is not with the other one any more.
 *
 * @returns the lease, with an epoch above that of every other one
 * @throws FleetError `ERR_FLEET_DATABASE`
 */
export async function seizeLease(
  queries: Queries,
  name: string,
  holder: string,
  { lifetimeMs }: LeaseTerms,
): Promise<Lease> {
  const lease = await take(
    queries,
    `INSERT INTO leases (name, holder, epoch, expires_at) VALUES ($1, $2, 1, ${EXPIRY})
      ON CONFLICT (name) DO UPDATE
        SET holder = $2, epoch = leases.epoch + 1, expires_at = excluded.expires_at
      RETURNING epoch`,
    { name, holder, lifetimeMs },
  );
  if (lease !== undefined) return lease;
  throw fenced({ name, holder, epoch: 0 });
}

/**
 * Gives a lease back, so that the next one need not wait. One that is another's by now is left alone.
 *
 * @throws FleetError `ERR_FLEET_DATABASE`
 */
export async function releaseLease(queries: Queries, lease: Lease): Promise<void> {
  await queries.run(
    'UPDATE leases SET expires_at = clock_timestamp() WHERE name = $1 AND holder = $2 AND epoch = $3',
    [lease.name, lease.holder, lease.epoch],
  );
}

/**
 * Writes under a lease: if it has passed to another one, nothing is written; and it does not pass until this transaction
 * has ended.
 *
 * @param work - the writes
 * @throws FleetError `ERR_FLEET_FENCED` for a lease that has passed on, `ERR_FLEET_DATABASE`; what `work` throws
 */
export function underLease<T>(
  database: Database,
  lease: Lease,
  work: (queries: Queries) => Promise<T>,
): Promise<T> {
  return database.transaction(async (queries) => {
    const own = await firstRow(
      queries,
      epochRow,
      'SELECT epoch FROM leases WHERE name = $1 AND holder = $2 AND epoch = $3 FOR SHARE',
      [lease.name, lease.holder, lease.epoch],
    );
    if (own === undefined) throw fenced(lease);
    return work(queries);
  });
}

async function take(
  queries: Queries,
  sql: string,
  { name, holder, lifetimeMs }: { readonly name: string; readonly holder: string } & LeaseTerms,
): Promise<Lease | undefined> {
  const row = await firstRow(queries, epochRow, sql, [name, holder, lifetimeMs]);
  return row === undefined ? undefined : { name, holder, epoch: row.epoch };
}

function fenced({ name, holder, epoch }: Lease): FleetError {
  return new FleetError('ERR_FLEET_FENCED', `another instance has taken over ${name}`, {
    expected: 'the lease with the highest epoch',
    seen: `epoch ${String(epoch)} of ${holder}`,
  });
}
