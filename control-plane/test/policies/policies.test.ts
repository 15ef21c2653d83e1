// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { verifyAudit } from '../../src/audit/verify-audit.ts';
import { auditRows } from '../../src/audit/audit-log.ts';
import { createPolicy, getPolicy, listPolicies } from '../../src/policies/fleet-policy.ts';
import {
  assignPolicy,
  listAssignments,
  policiesFor,
  unassignPolicy,
  type PolicyAssignment,
} from '../../src/policies/policy-assignment.ts';
import type { Database } from '../../src/store/database.ts';
import { describeOnBoth, describeOnPostgres } from '../support/databases.ts';

const deed = { actor: 'operator:ann', at: new Date('2026-01-02T03:04:05.678Z') };

/** A document that differs from others in its measurement. */
function document(seed: string): string {
  return JSON.stringify({
    version: 1,
    tee: 'tdx',
    measurements: { v1: { mrtd: seed.repeat(96) } },
  });
}

function create(database: Database, name: string, text: string): ReturnType<typeof createPolicy> {
  return database.transaction((queries) => createPolicy(queries, name, text, deed));
}

function assign(database: Database, assignment: Partial<PolicyAssignment>): Promise<void> {
  const whole = {
    ...{ label: '*', policy: 'images', version: 1, mode: 'strict', admission: 'attested' },
    ...assignment,
  } as PolicyAssignment;
  return database.transaction((queries) => assignPolicy(queries, whole, deed));
}

describeOnBoth('policies', (databases) => {
  it('have versions that are never changed', async () => {
    const database = await databases.fresh();
    expect(await create(database, 'images', document('a'))).toMatchObject({
      name: 'images',
      version: 1,
      document: document('a'),
      createdBy: 'operator:ann',
    });
    expect(await create(database, 'images', document('a'))).toMatchObject({ version: 1 });
    expect(await create(database, 'images', document('b'))).toMatchObject({ version: 2 });
    // What was replaced once may come back, and is a version of its own.
    expect(await create(database, 'images', document('a'))).toMatchObject({ version: 3 });
    expect(await getPolicy(database, 'images', 2)).toMatchObject({ document: document('b') });
    expect(await listPolicies(database)).toMatchObject([{ name: 'images', version: 3 }]);
    for (const sql of [`UPDATE policies SET document = document`, 'DELETE FROM policies']) {
      await expect(database.run(sql)).rejects.toMatchObject({ code: 'PG001' });
    }
    await expect(getPolicy(database, 'images', 4)).rejects.toMatchObject({
      code: 'ERR_FLEET_POLICY_UNKNOWN',
    });
  });

  it.each([
    ['is no policy', '{"version":1}', 'ERR_POLICY_EMPTY'],
    ['is no JSON', 'measurements', 'ERR_POLICY_INVALID'],
    ['lets in whoever has a TD', '{"version":1,"tee":"tdx"}', 'ERR_FLEET_POLICY_OPEN'],
  ])('are refused when the document %s', async (_, text, code) => {
    const database = await databases.fresh();
    await expect(create(database, 'images', text)).rejects.toMatchObject({ code });
    expect(await listPolicies(database)).toEqual([]);
  });

  it('are refused under a name that is none', async () => {
    const database = await databases.fresh();
    for (const name of ['', 'Images', 'a/b', 'a'.repeat(64)]) {
      await expect(create(database, name, document('a'))).rejects.toMatchObject({
        code: 'ERR_FLEET_REQUEST_INVALID',
      });
    }
  });

  it('decide about agents by label, one version of each', async () => {
    const database = await databases.fresh();
    await create(database, 'images', document('a'));
    await create(database, 'images', document('b'));
    await create(database, 'owner', document('c'));
    await assign(database, { label: '*', version: 1 });
    await assign(database, { label: '*', version: 2, mode: 'warn' });
    await assign(database, {
      label: 'github:org/example#1',
      policy: 'owner',
      admission: 'approval',
    });
    expect(await policiesFor(database, ['zone:eu1'])).toMatchObject([
      { label: '*', policy: 'images', version: 2, mode: 'warn', rules: { tee: ['tdx'] } },
    ]);
    expect(await policiesFor(database, ['zone:eu1', 'github:org/example#1'])).toMatchObject([
      { policy: 'images' },
      { policy: 'owner', version: 1, mode: 'strict', admission: 'approval' },
    ]);
    await database.transaction((queries) => unassignPolicy(queries, '*', 'images', deed));
    expect(await listAssignments(database)).toHaveLength(1);
    const again = database.transaction((queries) => unassignPolicy(queries, '*', 'images', deed));
    await expect(again).rejects.toMatchObject({ code: 'ERR_FLEET_POLICY_UNKNOWN' });
  });

  it('of nobody let nobody in, and shadows are nobody', async () => {
    const database = await databases.fresh();
    const none = { code: 'ERR_FLEET_POLICY_MISSING' };
    await expect(policiesFor(database, [])).rejects.toMatchObject(none);
    await create(database, 'images', document('a'));
    await assign(database, { mode: 'shadow' });
    await expect(policiesFor(database, [])).rejects.toMatchObject(none);
  });

  it('are assigned to labels that agents can have, in versions that there are', async () => {
    const database = await databases.fresh();
    await create(database, 'images', document('a'));
    await expect(assign(database, { label: 'github:org/example' })).rejects.toMatchObject({
      code: 'ERR_FLEET_REQUEST_INVALID',
    });
    await expect(assign(database, { version: 2 })).rejects.toMatchObject({
      code: 'ERR_FLEET_POLICY_UNKNOWN',
    });
  });

  it('leave an entry in the audit log for every change', async () => {
    const database = await databases.fresh();
    const { sha256 } = await create(database, 'images', document('a'));
    await assign(database, {});
    await database.transaction((queries) => unassignPolicy(queries, '*', 'images', deed));
    await verifyAudit(database);
    const entries = (await auditRows(database, 0, 10)).map(
      ({ entry }) => JSON.parse(entry) as unknown,
    );
    expect(entries).toMatchObject([
      {
        event: {
          action: 'policy.create',
          subject: 'policy:images@1',
          inputs: { document: sha256 },
        },
      },
      { event: { action: 'policy.assign', facts: { label: '*', mode: 'strict, attested' } } },
      { event: { action: 'policy.unassign', actor: 'operator:ann' } },
    ]);
  });
});

describeOnPostgres('policies', (databases) => {
  it('that two operators write at once are two versions', async () => {
    const instances = [await databases.fresh(), await databases.another()] as const;
    const written = await Promise.all(
      instances.map((instance, at) => create(instance, 'images', document(String(at)))),
    );
    expect(written.map(({ version }) => version).sort()).toEqual([1, 2]);
  });
});
