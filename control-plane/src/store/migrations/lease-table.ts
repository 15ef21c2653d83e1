// SPDX-License-Identifier: Apache-2.0
import type { Migration } from '../migration.ts';

/** Who works for whom. The epoch grows whenever a lease passes to another holder, and is never less than it was. */
export const leaseTable: Migration = {
  version: 5,
  name: 'lease-table',
  statements: [
    `CREATE TABLE leases (
      name text PRIMARY KEY,
      holder text NOT NULL,
      epoch bigint NOT NULL CHECK (epoch >= 1),
      expires_at timestamptz NOT NULL
    )`,
    `CREATE FUNCTION lease_epoch_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' OR NEW.epoch < OLD.epoch OR NEW.name <> OLD.name
        OR (NEW.epoch = OLD.epoch AND NEW.holder <> OLD.holder) THEN
        RAISE EXCEPTION 'the epoch of lease % goes back', OLD.name USING ERRCODE = 'PG001';
      END IF;
      RETURN NEW;
    END $$`,
    `CREATE TRIGGER lease_epoch_grows BEFORE UPDATE OR DELETE ON leases
      FOR EACH ROW EXECUTE FUNCTION lease_epoch_grows()`,
    // What an instance has written with a later epoch is never overwritten with an earlier one.
    `CREATE FUNCTION agent_epoch_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'the epoch of agent % goes back', OLD.id USING ERRCODE = 'PG001';
    END $$`,
    `CREATE TRIGGER agent_epoch_grows BEFORE UPDATE ON agents
      FOR EACH ROW WHEN (NEW.epoch < OLD.epoch) EXECUTE FUNCTION agent_epoch_grows()`,
  ],
};
