// SPDX-License-Identifier: Apache-2.0
import { expect } from 'vitest';
import { auditRows } from '../../src/audit/audit-log.ts';
import { verifyAudit } from '../../src/audit/verify-audit.ts';
import { listAgents } from '../../src/registry/find-agent.ts';
import type { Database } from '../../src/store/database.ts';
import type { FleetSite } from './fleet-site.ts';

/** The latest entry of a log that is whole. */
export async function lastEntry(database: Database): Promise<unknown> {
  const { entries } = await verifyAudit(database);
  const [row] = await auditRows(database, entries - 1, 1);
  return JSON.parse(row?.entry ?? 'null');
}

/** Demands that an attempt is refused, that nobody got in, and that the log says so. */
export async function expectRefused(
  site: FleetSite,
  attempt: Promise<unknown>,
  code: string,
): Promise<void> {
  await expect(attempt).rejects.toMatchObject({ code });
  expect(await listAgents(site.database, { limit: 10 })).toEqual([]);
  expect(await lastEntry(site.database)).toMatchObject({
    event: { action: 'agent.register', outcome: 'refused', code },
  });
}

/** Demands that one of many attempts with one nonce came through. */
export function expectOneOf(attempts: readonly PromiseSettledResult<unknown>[]): void {
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const attempt of attempts) {
    if (attempt.status === 'rejected') {
      expect(attempt.reason).toMatchObject({ code: 'ERR_FLEET_NONCE_USED' });
    }
  }
}
