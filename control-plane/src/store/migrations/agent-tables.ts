// SPDX-License-Identifier: Apache-2.0
import type { Migration } from '../migration.ts';

/** Agents, the keys that are or were theirs, keys that wait for an approval, and how each agent came to stand as it does. */
export const agentTables: Migration = {
  version: 2,
  name: 'agent-tables',
  statements: [
    `CREATE TABLE agents (
      id uuid PRIMARY KEY,
      name text NOT NULL,
      labels text[] NOT NULL,
      state text NOT NULL CHECK (state IN ('pending', 'ready', 'stale', 'quarantined', 'retired')),
      approved boolean NOT NULL,
      hold boolean NOT NULL,
      code text NOT NULL,
      reason text NOT NULL,
      since timestamptz NOT NULL,
      registered_at timestamptz NOT NULL,
      seen_at timestamptz NOT NULL,
      proved_at timestamptz,
      epoch bigint NOT NULL DEFAULT 0,
      CHECK (state <> 'ready' OR approved),
      CHECK (NOT hold OR state IN ('quarantined', 'retired'))
    )`,
    // A name is free again when its agent has retired.
    `CREATE UNIQUE INDEX agents_name ON agents (name) WHERE state <> 'retired'`,
    `CREATE INDEX agents_listed ON agents (name, id)`,
    `CREATE INDEX agents_seen ON agents (state, seen_at)`,
    // A key is of one agent and never of another.
    `CREATE TABLE agent_keys (
      key_sha256 text PRIMARY KEY CHECK (key_sha256 ~ '^[0-9a-f]{64}$'),
      agent_id uuid NOT NULL REFERENCES agents (id),
      spki bytea NOT NULL,
      added_at timestamptz NOT NULL,
      retired_at timestamptz,
      CHECK (key_sha256 = encode(sha256(spki), 'hex'))
    )`,
    `CREATE UNIQUE INDEX agent_keys_current ON agent_keys (agent_id) WHERE retired_at IS NULL`,
    // Keys that proved themselves and asked for a name that another key has.
    `CREATE TABLE key_claims (
      agent_id uuid NOT NULL REFERENCES agents (id),
      key_sha256 text NOT NULL,
      evidence_sha256 text NOT NULL,
      claimed_at timestamptz NOT NULL,
      approved_at timestamptz,
      approved_by text,
      PRIMARY KEY (agent_id, key_sha256)
    )`,
    `CREATE TABLE agent_history (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      agent_id uuid NOT NULL REFERENCES agents (id),
      at timestamptz NOT NULL,
      from_state text,
      to_state text NOT NULL,
      code text NOT NULL,
      reason text NOT NULL,
      actor text NOT NULL
    )`,
    `CREATE INDEX agent_history_of ON agent_history (agent_id, seq)`,
    `CREATE TRIGGER agent_history_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON agent_history
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
    `CREATE FUNCTION agent_stays_retired() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a retired agent stays retired' USING ERRCODE = 'PG001';
    END $$`,
    `CREATE TRIGGER agents_stay_retired BEFORE UPDATE ON agents
      FOR EACH ROW WHEN (OLD.state = 'retired') EXECUTE FUNCTION agent_stays_retired()`,
  ],
};
