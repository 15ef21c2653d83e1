// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import type { AuditEvent } from '../../src/audit/audit-entry.ts';
import { appendAudit, auditRows } from '../../src/audit/audit-log.ts';
import { verifyAudit } from '../../src/audit/verify-audit.ts';
import type { Database } from '../../src/store/database.ts';
import { describeOnBoth, describeOnPostgres } from '../support/databases.ts';

const AT = new Date('2026-01-02T03:04:05.678Z');

function event(name: string): AuditEvent {
  return {
    actor: 'operator:ann',
    action: 'policy.create',
    subject: `policy:${name}@1`,
    outcome: 'done',
    inputs: { document: 'ab'.repeat(32) },
    facts: { name },
  };
}

function write(database: Database, name: string): Promise<unknown> {
  return database.transaction((queries) => appendAudit(queries, event(name), AT));
}

/** Does to the table what only its owner can: the triggers are off meanwhile. */
async function tamper(database: Database, sql: string): Promise<void> {
  await database.run('ALTER TABLE audit DISABLE TRIGGER ALL');
  await database.run(sql);
  await database.run('ALTER TABLE audit ENABLE TRIGGER ALL');
}

describeOnBoth('the audit log', (databases) => {
  it('chains what is written to it', async () => {
    const database = await databases.fresh();
    expect(await verifyAudit(database)).toEqual({ entries: 0, head: undefined });
    for (const name of ['a', 'b', 'c']) await write(database, name);
    const rows = await auditRows(database, 0, 10);
    expect(rows.map(({ seq }) => seq)).toEqual([0, 1, 2]);
    expect(rows[0]?.prev).toBe('0'.repeat(64));
    expect(rows[2]?.prev).toBe(rows[1]?.hash);
    const { entries, head } = await verifyAudit(database);
    expect(entries).toBe(3);
    expect(head).toEqual({ seq: 2, hash: rows[2]?.hash });
    await write(database, 'd');
    expect(await verifyAudit(database, head)).toMatchObject({ entries: 4 });
  });

  it('is written in the transaction of what it is about', async () => {
    const database = await databases.fresh();
    const failure = database.transaction(async (queries) => {
      await appendAudit(queries, event('a'), AT);
      throw new Error('ours');
    });
    await expect(failure).rejects.toThrow('ours');
    expect(await verifyAudit(database)).toMatchObject({ entries: 0 });
  });

  it.each([
    ['changed', `UPDATE audit SET entry = entry`],
    ['removed', `DELETE FROM audit`],
    ['emptied', `TRUNCATE audit`],
  ])('cannot be %s', async (_, sql) => {
    const database = await databases.fresh();
    await write(database, 'a');
    await expect(database.run(sql)).rejects.toMatchObject({ code: 'PG001' });
    expect(await verifyAudit(database)).toMatchObject({ entries: 1 });
  });

  it('takes no entry that does not follow, or is not what its hash says', async () => {
    const database = await databases.fresh();
    await write(database, 'a');
    const insert = 'INSERT INTO audit (seq, prev, hash, entry) ';
    const copies = [
      `${insert} SELECT seq + 2, hash, repeat('a', 64), '{}' FROM audit`,
      `${insert} SELECT seq + 1, repeat('b', 64), repeat('a', 64), '{}' FROM audit`,
    ];
    for (const sql of copies) {
      await expect(database.run(sql), sql).rejects.toMatchObject({ code: 'PG001' });
    }
    const other = `{"seq":1,"prev":"x"}`;
    const hashed = `encode(sha256(convert_to('${other}', 'UTF8')), 'hex')`;
    for (const hash of [`repeat('a', 64)`, hashed]) {
      const sql = `${insert} SELECT 1, hash, ${hash}, '${other}' FROM audit`;
      await expect(database.run(sql), sql).rejects.toMatchObject({ code: '23514' });
    }
  });

  it('says what its owner has done to it', async () => {
    const database = await databases.fresh();
    for (const name of ['a', 'b', 'c']) await write(database, name);
    const { head } = await verifyAudit(database);
    const line = `replace(entry, '"name":"b"', '"name":"x"')`;
    const rehashed = `hash = encode(sha256(convert_to(${line}, 'UTF8')), 'hex')`;
    await tamper(database, `UPDATE audit SET entry = ${line}, ${rehashed} WHERE seq = 1`);
    await expect(verifyAudit(database)).rejects.toMatchObject({
      code: 'ERR_FLEET_AUDIT_INVALID',
      message: 'entry 2 does not follow from the one before it',
    });
    await tamper(database, 'DELETE FROM audit WHERE seq = 1');
    await expect(verifyAudit(database)).rejects.toThrow('entry 1 is missing');
    await tamper(database, 'DELETE FROM audit WHERE seq = 2');
    // What was cut off at the end shows only to who knows how the log ended.
    expect(await verifyAudit(database)).toMatchObject({ entries: 1 });
    await expect(verifyAudit(database, head)).rejects.toThrow('ends before an entry');
    await tamper(database, 'DELETE FROM audit');
    for (const name of ['d', 'e', 'f']) await write(database, name);
    await expect(verifyAudit(database, head)).rejects.toThrow('entry 2 is not the one');
  });

  it.each([
    ['an input that is no digest', { inputs: { nonce: 'c2VjcmV0' } }],
    ['a fact of another name', { facts: { token: 'secret' } }],
    ['an action that there is not', { action: 'agent.delete' }],
    ['a member of another name', { secret: 'x' }],
  ])('takes no %s', async (_, change) => {
    const database = await databases.fresh();
    const wrong = { ...event('a'), ...change } as AuditEvent;
    const writing = database.transaction((queries) => appendAudit(queries, wrong, AT));
    await expect(writing).rejects.toThrow();
    expect(await verifyAudit(database)).toMatchObject({ entries: 0 });
  });

  it('is read page by page', async () => {
    const database = await databases.fresh();
    await database.transaction(async (queries) => {
      for (let count = 0; count < 1_005; count += 1) {
        await appendAudit(queries, event(`p${String(count)}`), AT);
      }
    });
    expect(await verifyAudit(database)).toMatchObject({ entries: 1_005 });
  }, 60_000);
});

describeOnPostgres('the audit log', (databases) => {
  it('of four instances that write at once is one chain', async () => {
    await databases.fresh();
    const instances = await Promise.all([0, 1, 2, 3].map(() => databases.another()));
    await Promise.all(
      instances.flatMap((instance, at) =>
        Array.from({ length: 20 }, (_, count) =>
          write(instance, `i${String(at)}n${String(count)}`),
        ),
      ),
    );
    expect(await verifyAudit(instances[0] as Database)).toMatchObject({ entries: 80 });
  });
});
