// SPDX-License-Identifier: Apache-2.0
import type { Migration } from './migration.ts';
import { auditTable } from './migrations/audit-table.ts';
import { agentTables } from './migrations/agent-tables.ts';
import { leaseTable } from './migrations/lease-table.ts';
import { policyTables } from './migrations/policy-tables.ts';
import { registrationTables } from './migrations/registration-tables.ts';

/** Every step from an empty database to that of this version. */
export const MIGRATIONS: readonly Migration[] = [
  auditTable,
  agentTables,
  policyTables,
  registrationTables,
  leaseTable,
];
