// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { waitFor } from '@proofgate/daemon';
import { expect, it } from 'vitest';
import {
  acquireLease,
  releaseLease,
  seizeLease,
  underLease,
  type Lease,
} from '../../src/leases/lease.ts';
import type { Database, Queries } from '../../src/store/database.ts';
import { describeOnBoth, describeOnPostgres } from '../support/databases.ts';

const LONG = { lifetimeMs: 60_000 };
const fenced = { code: 'ERR_FLEET_FENCED', family: 'unavailable' };

function note(database: Database, lease: Lease, text: string): Promise<number> {
  return underLease(database, lease, (queries) => insert(queries, text));
}

function insert(queries: Queries, text: string): Promise<number> {
  return queries.run('INSERT INTO notes VALUES ($1)', [text]);
}

async function withNotes(database: Database): Promise<Database> {
  await database.run('CREATE TABLE notes (text text NOT NULL)');
  return database;
}

async function held(database: Database, name: string, holder: string): Promise<Lease> {
  const lease = await acquireLease(database, name, holder, LONG);
  if (lease === undefined) throw new Error(`${name} is another's`);
  return lease;
}

describeOnBoth('a lease', (databases) => {
  it('is of one holder, who keeps its epoch while renewing', async () => {
    const database = await databases.fresh();
    const lease = await held(database, 'sweep', 'a');
    expect(lease).toEqual({ name: 'sweep', holder: 'a', epoch: 1 });
    expect(await acquireLease(database, 'sweep', 'b', LONG)).toBeUndefined();
    expect(await held(database, 'sweep', 'a')).toEqual(lease);
    expect(await held(database, 'other', 'b')).toMatchObject({ epoch: 1 });
  });

  it('passes on with a higher epoch when it runs out or is given back', async () => {
    const database = await databases.fresh();
    const short = await acquireLease(database, 'sweep', 'a', { lifetimeMs: 30 });
    expect(short?.epoch).toBe(1);
    const lease = await waitFor(() => acquireLease(database, 'sweep', 'b', LONG), {
      timeoutMs: 10_000,
    });
    expect(lease.epoch).toBe(2);
    // Of one that has passed on, giving back does nothing.
    await releaseLease(database, { name: 'sweep', holder: 'a', epoch: 1 });
    expect(await acquireLease(database, 'sweep', 'a', LONG)).toBeUndefined();
    await releaseLease(database, lease);
    expect(await held(database, 'sweep', 'b')).toMatchObject({ epoch: 3 });
  });

  it('keeps who had it before from writing', async () => {
    const database = await withNotes(await databases.fresh());
    const first = await held(database, 'agent:x', 'a');
    expect(await note(database, first, 'one')).toBe(1);
    const second = await seizeLease(database, 'agent:x', 'b', LONG);
    expect(second.epoch).toBe(2);
    await expect(note(database, first, 'late')).rejects.toMatchObject(fenced);
    await note(database, second, 'two');
    // Also who had it before, and has it again, does not write with what it had.
    const third = await seizeLease(database, 'agent:x', 'a', LONG);
    await expect(note(database, first, 'late')).rejects.toMatchObject(fenced);
    await note(database, third, 'three');
    await expect(note(database, { ...third, epoch: 4 }, 'early')).rejects.toMatchObject(fenced);
  });

  it('has an epoch that cannot be set back', async () => {
    const database = await databases.fresh();
    const { name } = await seizeLease(database, 'sweep', 'a', LONG);
    await seizeLease(database, name, 'b', LONG);
    for (const sql of [
      'UPDATE leases SET epoch = 1',
      `UPDATE leases SET holder = 'c'`,
      `UPDATE leases SET name = 'x'`,
      'DELETE FROM leases',
    ]) {
      await expect(database.run(sql), sql).rejects.toMatchObject({ code: 'PG001' });
    }
  });
});

describeOnPostgres('a lease', (databases) => {
  it('that ten instances want at once is of one', async () => {
    await databases.fresh();
    const instances = await Promise.all(Array.from({ length: 10 }, () => databases.another()));
    const leases = await Promise.all(
      instances.map((instance, at) => acquireLease(instance, 'sweep', `i${String(at)}`, LONG)),
    );
    expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);
  });

  it('does not pass on in the middle of a transaction under it', async () => {
    const first = await withNotes(await databases.fresh());
    const second = await databases.another();
    const lease = await held(first, 'agent:x', 'a');
    const order: string[] = [];
    let seizing: Promise<Lease> | undefined;
    await underLease(first, lease, async (queries) => {
      seizing = seizeLease(second, 'agent:x', 'b', LONG).finally(() => order.push('seized'));
      // The other instance waits for this transaction: PostgreSQL says so.
      await waitFor(async () => (await waiting(first)) > 0, { timeoutMs: 10_000 });
      await insert(queries, 'one');
      order.push('written');
    });
    expect((await seizing)?.epoch).toBe(2);
    expect(order).toEqual(['written', 'seized']);
    await expect(note(first, lease, 'late')).rejects.toMatchObject(fenced);
  });

  it('of an instance that stops in the middle of a transaction passes on, and nothing of it is written', async () => {
    const first = await withNotes(await databases.fresh());
    const second = await databases.another();
    const lease = await held(first, 'agent:x', 'a');
    const stopped = underLease(first, lease, async (queries) => {
      await insert(queries, 'lost');
      // What a process that is killed leaves: a connection that ends without a commit.
      await second.run(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND state = 'idle in transaction'`,
      );
      await insert(queries, 'lost');
    });
    await expect(stopped).rejects.toMatchObject({
      code: 'ERR_FLEET_DATABASE',
      family: 'unavailable',
    });
    const next = await seizeLease(second, 'agent:x', 'b', LONG);
    expect(await note(second, next, randomUUID())).toBe(1);
    expect(await second.run('SELECT 1 FROM notes')).toBe(1);
    // The pool has thrown the broken connection away.
    expect(await first.run('SELECT 1')).toBe(1);
  });
});

async function waiting(database: Database): Promise<number> {
  return database.run(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
}
