// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, describe, it } from 'vitest';
import { z } from 'zod';
import { firstRow, sqlBytes, sqlInteger, type Database } from '../../src/store/database.ts';
import { openDatabase } from '../../src/store/open-database.ts';
import { describeOnBoth, silent } from '../support/databases.ts';

const valuesRow = z.strictObject({
  count: sqlInteger,
  bytes: sqlBytes,
  at: z.date(),
  words: z.array(z.string()),
  flag: z.boolean(),
  nothing: z.null(),
});
const numberRow = z.strictObject({ n: sqlInteger });

describeOnBoth('a database', (databases) => {
  it('gives values back as they were put in', async () => {
    const database = await databases.empty();
    const values = {
      count: 2 ** 52 + 1,
      bytes: Uint8Array.of(0, 1, 255),
      at: new Date('2026-01-02T03:04:05.678Z'),
      words: ['a', 'b "c" \\ {,}', 'ö'],
      flag: true,
      nothing: null,
    };
    const row = await firstRow(
      database,
      valuesRow,
      `SELECT $1::bigint AS count, $2::bytea AS bytes, $3::timestamptz AS at, $4::text[] AS words,
        $5::boolean AS flag, $6::text AS nothing`,
      Object.values(values),
    );
    expect(row).toEqual(values);
  });

  it('does all of a transaction or nothing', async () => {
    const database = await databases.empty();
    await database.run('CREATE TABLE numbers (n integer PRIMARY KEY)');
    const failure = database.transaction(async (queries) => {
      expect(await queries.run('INSERT INTO numbers VALUES (1), (2)')).toBe(2);
      await queries.run('INSERT INTO numbers VALUES (1)');
    });
    await expect(failure).rejects.toMatchObject({ code: '23505' });
    expect(await database.rows(numberRow, 'SELECT n FROM numbers')).toEqual([]);
    await database.transaction((queries) => queries.run('INSERT INTO numbers VALUES (3)'));
    expect(await database.rows(numberRow, 'SELECT n FROM numbers')).toEqual([{ n: 3 }]);
  });

  it('does nothing of a transaction whose work fails by itself', async () => {
    const database = await databases.empty();
    await database.run('CREATE TABLE numbers (n integer PRIMARY KEY)');
    const failure = database.transaction(async (queries) => {
      await queries.run('INSERT INTO numbers VALUES (1)');
      throw new Error('ours');
    });
    await expect(failure).rejects.toThrow('ours');
    expect(await database.rows(numberRow, 'SELECT n FROM numbers')).toEqual([]);
  });

  it('refuses a row of another form', async () => {
    const database = await databases.empty();
    await expect(database.rows(numberRow, `SELECT 'x' AS n`)).rejects.toThrow();
    await expect(database.rows(numberRow, 'SELECT 1 AS n, 2 AS m')).rejects.toThrow();
  });
});

describe('the embedded database', () => {
  const directory = mkdtempSync(join(tmpdir(), 'proofgate-pglite-'));
  const place = { kind: 'pglite', directory: join(directory, 'db') } as const;
  const open: Database[] = [];
  afterEach(async () => {
    for (const database of open.splice(0)) await database.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('is of one process at a time, and keeps what is in it', async () => {
    const first = await openDatabase(place, silent);
    open.push(first);
    await expect(openDatabase(place, silent)).rejects.toMatchObject({
      code: 'ERR_FLEET_DATABASE_LOCKED',
    });
    await first.run('CREATE TABLE numbers (n integer)');
    await first.run('INSERT INTO numbers VALUES (7)');
    await first.close();
    const second = await openDatabase(place, silent);
    open.splice(0, 1, second);
    expect(await second.rows(numberRow, 'SELECT n FROM numbers')).toEqual([{ n: 7 }]);
  }, 60_000);
});

describe('a PostgreSQL', () => {
  it('needs a URL of its scheme', async () => {
    const opening = openDatabase({ kind: 'postgresql', url: 'mysql://127.0.0.1/x' }, silent);
    await expect(opening).rejects.toMatchObject({ code: 'ERR_FLEET_DATABASE_URL' });
  });

  it('that nobody answers for is unavailable', async () => {
    const url = 'postgresql://nobody@127.0.0.1:1/x';
    const opening = openDatabase({ kind: 'postgresql', url }, silent);
    await expect(opening).rejects.toMatchObject({
      code: 'ERR_FLEET_DATABASE',
      family: 'unavailable',
    });
  });
});
