// SPDX-License-Identifier: Apache-2.0
import type { Migration } from '../migration.ts';

/** Policies, which are never changed, and which of them decides about which agents. */
export const policyTables: Migration = {
  version: 3,
  name: 'policy-tables',
  statements: [
    `CREATE TABLE policies (
      name text NOT NULL,
      version integer NOT NULL CHECK (version >= 1),
      document text NOT NULL,
      sha256 text NOT NULL,
      created_at timestamptz NOT NULL,
      created_by text NOT NULL,
      PRIMARY KEY (name, version),
      CHECK (sha256 = encode(sha256(convert_to(document, 'UTF8')), 'hex'))
    )`,
    `CREATE TRIGGER policies_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON policies
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
    // One version of a policy at a time for a label; the label * is that of every agent.
    `CREATE TABLE policy_assignments (
      label text NOT NULL,
      policy text NOT NULL,
      version integer NOT NULL,
      mode text NOT NULL CHECK (mode IN ('strict', 'warn', 'shadow')),
      admission text NOT NULL CHECK (admission IN ('attested', 'approval')),
      assigned_at timestamptz NOT NULL,
      assigned_by text NOT NULL,
      PRIMARY KEY (label, policy),
      FOREIGN KEY (policy, version) REFERENCES policies (name, version)
    )`,
  ],
};
