// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { sha256, toHex } from '@proofgate/evidence';
import { expect, it } from 'vitest';
import { verifyAudit } from '../../src/audit/verify-audit.ts';
import { admitAgent, approveKey, type Admission } from '../../src/registry/admit-agent.ts';
import { agentHistory } from '../../src/registry/agent-history.ts';
import type { Agent } from '../../src/registry/agent.ts';
import { changeAgent } from '../../src/registry/change-agent.ts';
import { getAgent, listAgents } from '../../src/registry/find-agent.ts';
import type { Database } from '../../src/store/database.ts';
import { describeOnBoth, describeOnPostgres } from '../support/databases.ts';

const AT = new Date('2026-01-02T03:04:05.678Z');
const deed = { actor: 'operator:ann', at: AT };

/** Stands for a key: the registry never looks into one. */
function key(seed: number): Uint8Array {
  return new Uint8Array(91).fill(seed);
}

function admit(
  database: Database,
  name: string,
  spki: Uint8Array,
  changes: { labels?: string[]; approved?: boolean } = {},
): Promise<Admission> {
  const applicant = {
    name,
    spki,
    labels: [],
    approved: true,
    evidenceSha256: 'ab'.repeat(32),
    ...changes,
  };
  return database.transaction((queries) => admitAgent(queries, applicant, randomUUID(), deed));
}

async function admitted(...parameters: Parameters<typeof admit>): Promise<Agent> {
  const admission = await admit(...parameters);
  expect(admission.kind).toBe('admitted');
  return admission.agent;
}

describeOnBoth('the registry', (databases) => {
  it('gives an agent an identity that its key keeps', async () => {
    const database = await databases.fresh();
    const agent = await admitted(database, 'prod1', key(1), { labels: ['zone:eu1'] });
    expect(agent).toMatchObject({
      name: 'prod1',
      labels: ['zone:eu1'],
      state: 'ready',
      keySha256: toHex(sha256(key(1))),
      registeredAt: AT,
      provedAt: AT,
      epoch: 0,
    });
    const again = await admit(database, 'prod1', key(1), { labels: ['zone:eu2'] });
    expect(again).toMatchObject({ kind: 'admitted', isNew: false });
    expect(again.agent).toMatchObject({ id: agent.id, labels: ['zone:eu2'] });
    expect(await agentHistory(database, agent.id, 10)).toMatchObject([
      { from: undefined, to: 'ready', code: 'PROVED', actor: 'operator:ann', at: AT },
    ]);
  });

  it('gives a name to another key only when an operator approved that key', async () => {
    const database = await databases.fresh();
    const agent = await admitted(database, 'prod1', key(1));
    const other = toHex(sha256(key(2)));
    const approve = (sha: string): Promise<void> =>
      database.transaction((queries) => approveKey(queries, agent.id, sha, deed));
    await expect(approve(other)).rejects.toMatchObject({ code: 'ERR_FLEET_KEY_UNCLAIMED' });
    for (const time of ['first', 'second']) {
      expect(await admit(database, 'prod1', key(2)), time).toMatchObject({
        kind: 'claimed',
        keySha256: other,
        agent: { keySha256: agent.keySha256 },
      });
    }
    await approve(other);
    expect(await getAgent(database, agent.id)).toMatchObject({ keySha256: agent.keySha256 });
    expect(await admitted(database, 'prod1', key(2))).toMatchObject({
      id: agent.id,
      keySha256: other,
    });
    // The key that was replaced is good for nothing any more, and an approval is used up.
    for (const name of ['prod1', 'prod2']) {
      await expect(admit(database, name, key(1))).rejects.toMatchObject({
        code: 'ERR_FLEET_KEY_TAKEN',
      });
    }
    expect(await admit(database, 'prod1', key(3))).toMatchObject({ kind: 'claimed' });
    expect((await verifyAudit(database)).entries).toBe(2);
  });

  it('wants an operator again for a label that the agent did not have', async () => {
    const database = await databases.fresh();
    const spki = key(1);
    await admitted(database, 'prod1', spki, { labels: ['zone:eu1'], approved: true });
    const same = await admitted(database, 'prod1', spki, { labels: ['zone:eu1'], approved: false });
    expect(same).toMatchObject({ state: 'ready', approved: true });
    const labels = ['zone:eu1', 'github:org/example#1'];
    const wider = await admitted(database, 'prod1', spki, { labels, approved: false });
    expect(wider).toMatchObject({ labels, state: 'pending', approved: false });
    const less = await admitted(database, 'prod1', spki, { labels: ['zone:eu1'], approved: false });
    expect(less).toMatchObject({ state: 'pending', approved: false });
  });

  it('knows one name for a key', async () => {
    const database = await databases.fresh();
    await admitted(database, 'prod1', key(1));
    await expect(admit(database, 'prod2', key(1))).rejects.toMatchObject({
      code: 'ERR_FLEET_KEY_TAKEN',
    });
  });

  it('frees the name of an agent that retires, and not its key', async () => {
    const database = await databases.fresh();
    const agent = await admitted(database, 'prod1', key(1));
    const event = { kind: 'retired', reason: 'sold' } as const;
    await database.transaction((queries) => changeAgent(queries, agent.id, event, deed));
    await expect(admit(database, 'prod1', key(1))).rejects.toMatchObject({
      code: 'ERR_FLEET_KEY_TAKEN',
    });
    const successor = await admitted(database, 'prod1', key(2));
    expect(successor.id).not.toBe(agent.id);
    await expect(
      database.run(`UPDATE agents SET state = 'ready' WHERE id = $1`, [agent.id]),
    ).rejects.toMatchObject({ code: 'PG001' });
  });

  it('writes every change of state into history and audit log, and no repetition', async () => {
    const database = await databases.fresh();
    const { id } = await admitted(database, 'prod1', key(1), { approved: false });
    const later = { actor: 'control-plane:a', at: new Date(AT.getTime() + 1_000) };
    const change = (event: Parameters<typeof changeAgent>[2]): Promise<Agent> =>
      database.transaction((queries) => changeAgent(queries, id, event, later));
    await change({ kind: 'proved' });
    await change({ kind: 'approved' });
    await change({ kind: 'disproved', code: 'ERR_POLICY_DEBUG', reason: 'open for debugging' });
    await change({ kind: 'disproved', code: 'ERR_POLICY_DEBUG', reason: 'open for debugging' });
    expect(await getAgent(database, id)).toMatchObject({
      state: 'quarantined',
      code: 'ERR_POLICY_DEBUG',
      since: later.at,
    });
    const history = await agentHistory(database, id, 10);
    expect(history.map(({ from, to, code }) => [from, to, code])).toEqual([
      ['ready', 'quarantined', 'ERR_POLICY_DEBUG'],
      ['pending', 'ready', 'OPERATOR_APPROVED'],
      [undefined, 'pending', 'APPROVAL_PENDING'],
    ]);
    expect(await agentHistory(database, id, 1, history[0]?.seq)).toEqual([history[1]]);
    expect((await verifyAudit(database)).entries).toBe(3);
    await expect(database.run('DELETE FROM agent_history')).rejects.toMatchObject({
      code: 'PG001',
    });
  });

  it('lists agents by name, state and label, page by page', async () => {
    const database = await databases.fresh();
    for (const [index, name] of ['c', 'a', 'e', 'b', 'd'].entries()) {
      const labels = index % 2 === 0 ? ['zone:eu1', 'pool:x'] : ['zone:eu2'];
      await admitted(database, name, key(index), { labels, approved: name !== 'e' });
    }
    const names = async (listing: Parameters<typeof listAgents>[1]): Promise<string[]> =>
      (await listAgents(database, listing)).map(({ name }) => name);
    expect(await names({ limit: 10 })).toEqual(['a', 'b', 'c', 'd', 'e']);
    const [, second] = await listAgents(database, { limit: 2 });
    expect(await names({ limit: 2, after: second as Agent })).toEqual(['c', 'd']);
    expect(await names({ limit: 10, label: 'pool:x' })).toEqual(['c', 'd', 'e']);
    expect(await names({ limit: 10, label: 'pool:x', state: 'pending' })).toEqual(['e']);
  });

  it('knows nobody by a wrong id', async () => {
    const database = await databases.fresh();
    for (const id of [randomUUID(), '', "' OR true --", 'x'.repeat(36)]) {
      await expect(getAgent(database, id)).rejects.toMatchObject({
        code: 'ERR_FLEET_AGENT_UNKNOWN',
      });
    }
  });
});

describeOnPostgres('the registry', (databases) => {
  it('gives a name that ten machines ask two instances for at once to one', async () => {
    const instances = [await databases.fresh(), await databases.another()];
    const admissions = await Promise.all(
      Array.from({ length: 10 }, (_, at) => admit(instances[at % 2] as Database, 'prod1', key(at))),
    );
    const won = admissions.filter(({ kind }) => kind === 'admitted');
    expect(won).toHaveLength(1);
    expect(new Set(admissions.map(({ agent }) => agent.id)).size).toBe(1);
  });

  it('gives a key that asks two instances for two names at once to one of them', async () => {
    const instances = [await databases.fresh(), await databases.another()] as const;
    for (let seed = 0; seed < 10; seed += 1) {
      const attempts = await Promise.allSettled(
        instances.map((instance, at) =>
          admit(instance, `k${String(seed)}n${String(at)}`, key(seed)),
        ),
      );
      const refused = attempts.filter((attempt) => attempt.status === 'rejected');
      expect(refused).toHaveLength(1);
      expect(refused[0]?.reason).toMatchObject({ code: 'ERR_FLEET_KEY_TAKEN' });
    }
  });
});
