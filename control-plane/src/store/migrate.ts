// SPDX-License-Identifier: Apache-2.0
import { canonicalJson, sha256, toHex, utf8 } from '@proofgate/evidence';
import { z } from 'zod';
import { FleetError } from '../errors.ts';
import { sqlInteger, type Database, type Queries } from './database.ts';
import type { Migration } from './migration.ts';
import { MIGRATIONS } from './migrations.ts';

/** Of pg_advisory_xact_lock: the bytes of `fleet` and a number. */
const MIGRATION_LOCK = 0x666c656574_01;

const appliedRow = z.strictObject({ version: sqlInteger, name: z.string(), checksum: z.string() });

/** A migration that the database says it has had. */
type Applied = z.infer<typeof appliedRow>;

/**
 * Brings the tables up to date: whatever is missing, in one transaction, by one process at a time.
 *
 * @param migrations - for tests; by default those of this version
 * @returns how many were applied
 * @throws FleetError `ERR_FLEET_DATABASE_SCHEMA` when the database has had a migration that this version does not have, or
 *   one that was changed since
 */
export function migrate(
  database: Database,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<number> {
  return database.transaction(async (queries) => {
    await queries.run('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await queries.run(`CREATE TABLE IF NOT EXISTS migrations (
      version integer PRIMARY KEY,
      name text NOT NULL,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
    const applied = await queries.rows(
      appliedRow,
      'SELECT version, name, checksum FROM migrations ORDER BY version',
    );
    applied.forEach((row, index) => {
      checkApplied(row, migrations[index]);
    });
    const missing = migrations.slice(applied.length);
    for (const migration of missing) await apply(queries, migration);
    return missing.length;
  });
}

/**
 * What the database remembers of a migration, so that a changed one is noticed.
 *
 * @returns SHA-256 in hex
 */
export function migrationChecksum({ statements }: Migration): string {
  return toHex(sha256(utf8(canonicalJson(statements))));
}

async function apply(queries: Queries, migration: Migration): Promise<void> {
  for (const statement of migration.statements) await queries.run(statement);
  await queries.run('INSERT INTO migrations (version, name, checksum) VALUES ($1, $2, $3)', [
    migration.version,
    migration.name,
    migrationChecksum(migration),
  ]);
}

function checkApplied(applied: Applied, ours: Migration | undefined): void {
  const seen = `${String(applied.version)} ${applied.name} ${applied.checksum}`;
  if (ours === undefined) {
    throw new FleetError('ERR_FLEET_DATABASE_SCHEMA', 'a newer version set up the database', {
      expected: 'no migration beyond those of this version',
      seen,
      hint: 'run that version, or restore a backup from before it',
    });
  }
  const expected = `${String(ours.version)} ${ours.name} ${migrationChecksum(ours)}`;
  if (seen === expected) return;
  throw new FleetError('ERR_FLEET_DATABASE_SCHEMA', 'a migration differs from the one applied', {
    expected,
    seen,
    hint: 'this program or the database was changed: compare both with a release',
  });
}
