// SPDX-License-Identifier: Apache-2.0
import type { Migration } from '../migration.ts';

/** Nonces that were given out, and how each agent was judged last. */
export const registrationTables: Migration = {
  version: 4,
  name: 'registration-tables',
  statements: [
    // Never the nonce itself: who reads the table cannot use it.
    `CREATE TABLE nonces (
      nonce_sha256 text PRIMARY KEY,
      purpose text NOT NULL,
      key_sha256 text NOT NULL,
      issued_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      used_at timestamptz
    )`,
    `CREATE INDEX nonces_of ON nonces (key_sha256, expires_at)`,
    `CREATE INDEX nonces_expiry ON nonces (expires_at)`,
    `CREATE TABLE agent_appraisals (
      agent_id uuid PRIMARY KEY REFERENCES agents (id),
      at timestamptz NOT NULL,
      accepted boolean NOT NULL,
      evidence_sha256 text NOT NULL,
      report text NOT NULL
    )`,
  ],
};
