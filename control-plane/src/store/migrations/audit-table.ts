// SPDX-License-Identifier: Apache-2.0
import type { Migration } from '../migration.ts';

/**
 * The audit log. The database itself refuses an entry that does not follow from the one before it, and every change of one
 * that is there.
 */
export const auditTable: Migration = {
  version: 1,
  name: 'audit-table',
  statements: [
    `CREATE TABLE audit (
      seq bigint PRIMARY KEY,
      prev text NOT NULL,
      hash text NOT NULL UNIQUE,
      entry text NOT NULL,
      CHECK (hash = encode(sha256(convert_to(entry, 'UTF8')), 'hex')),
      CHECK (entry::jsonb ->> 'seq' = seq::text),
      CHECK (entry::jsonb ->> 'prev' = prev)
    )`,
    // What of the triggers is called by several tables.
    `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% only grows', TG_TABLE_NAME USING ERRCODE = 'PG001';
    END $$`,
    `CREATE FUNCTION audit_follows() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      last audit%ROWTYPE;
    BEGIN
      SELECT * INTO last FROM audit ORDER BY seq DESC LIMIT 1;
      IF NEW.seq <> coalesce(last.seq + 1, 0) OR NEW.prev <> coalesce(last.hash, repeat('0', 64)) THEN
        RAISE EXCEPTION 'entry % does not follow', NEW.seq USING ERRCODE = 'PG001';
      END IF;
      RETURN NEW;
    END $$`,
    `CREATE TRIGGER audit_follows BEFORE INSERT ON audit
      FOR EACH ROW EXECUTE FUNCTION audit_follows()`,
    `CREATE TRIGGER audit_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
  ],
};
