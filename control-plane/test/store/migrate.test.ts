// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { z } from 'zod';
import { sqlInteger } from '../../src/store/database.ts';
import { migrate, migrationChecksum } from '../../src/store/migrate.ts';
import type { Migration } from '../../src/store/migration.ts';
import { MIGRATIONS } from '../../src/store/migrations.ts';
import { describeOnBoth, describeOnPostgres } from '../support/databases.ts';

const first: Migration = { version: 1, name: 'first', statements: ['CREATE TABLE a (n integer)'] };
const second: Migration = {
  version: 2,
  name: 'second',
  statements: ['CREATE TABLE b (n integer)'],
};
const countRow = z.strictObject({ n: sqlInteger });

describeOnBoth('migrations', (databases) => {
  it('of this version have no gaps and run once', async () => {
    expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, at) => at + 1));
    const database = await databases.empty();
    expect(await migrate(database)).toBe(MIGRATIONS.length);
    expect(await migrate(database)).toBe(0);
  });

  it('go on from where the database is', async () => {
    const database = await databases.empty();
    expect(await migrate(database, [first])).toBe(1);
    expect(await migrate(database, [first, second])).toBe(1);
    await database.run('INSERT INTO b VALUES (1)');
  });

  it('happen together or not at all', async () => {
    const database = await databases.empty();
    const broken = { ...second, statements: [...second.statements, 'CREATE TABLE a (n integer)'] };
    await expect(migrate(database, [first, broken])).rejects.toThrow();
    expect(await migrate(database, [first, second])).toBe(2);
  });

  it('are refused when one was changed since', async () => {
    const database = await databases.empty();
    await migrate(database, [first, second]);
    const changed = { ...first, statements: ['CREATE TABLE a (n bigint)'] };
    await expect(migrate(database, [changed, second])).rejects.toMatchObject({
      code: 'ERR_FLEET_DATABASE_SCHEMA',
      expected: `1 first ${migrationChecksum(changed)}`,
      seen: `1 first ${migrationChecksum(first)}`,
    });
  });

  it('are refused when the database has had later ones', async () => {
    const database = await databases.empty();
    await migrate(database, [first, second]);
    await expect(migrate(database, [first])).rejects.toMatchObject({
      code: 'ERR_FLEET_DATABASE_SCHEMA',
    });
  });
});

describeOnPostgres('migrations', (databases) => {
  it('of ten instances that start at once run once', async () => {
    await databases.empty();
    const instances = await Promise.all(Array.from({ length: 10 }, () => databases.another()));
    const counts = await Promise.all(instances.map((instance) => migrate(instance)));
    expect(counts.filter((count) => count > 0)).toEqual([MIGRATIONS.length]);
    const rows = await instances[0]?.rows(countRow, 'SELECT count(*) AS n FROM migrations');
    expect(rows).toEqual([{ n: MIGRATIONS.length }]);
  });
});
