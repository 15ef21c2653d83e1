// SPDX-License-Identifier: Apache-2.0
import {
  asSha384,
  type WorkloadLoadEvent,
  digestRuntimeEvent,
  type FleetBinding,
} from '@proofgate/evidence';
import {
  createSimulatedPlatform,
  simulatedFault,
  type SimulatedPlatform,
} from '@proofgate/simulator';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { verifyAudit } from '../../src/audit/verify-audit.ts';
import { approveKey } from '../../src/registry/admit-agent.ts';
import { listAgents } from '../../src/registry/find-agent.ts';
import { latestAppraisal } from '../../src/registration/appraisal.ts';
import { NONCE_LIFETIME_MS } from '../../src/registration/nonce-store.ts';
import { RefusedAgent } from '../../src/registration/refused-agent.ts';
import { describeOnBoth, describeOnPostgres } from '../support/databases.ts';
import {
  addPolicy,
  AT,
  fleetOn,
  fleetSite,
  machine,
  newKey,
  policyDocument,
  type AttemptChanges,
} from './fleet-site.ts';
import { expectOneOf, expectRefused, lastEntry } from './outcomes.ts';

/** The same machine with something else about it. */
function altered(alter: Parameters<typeof createSimulatedPlatform>[0]): SimulatedPlatform {
  return createSimulatedPlatform({ at: AT, identity: machine.identity, ...alter });
}

const claimRow = z.strictObject({ key_sha256: z.string() });

const workload: WorkloadLoadEvent = {
  type: 'proofgate.workload.load',
  name: 'web',
  image_ref: 'registry.example.com/web',
  image_digest: 'ab'.repeat(32),
  config_root: 'cd'.repeat(32),
  spec_digest: 'ef'.repeat(32),
};

describeOnBoth('a registration', (databases) => {
  it('lets in an agent that proves itself, and says how it was judged', async () => {
    const site = await fleetSite(await databases.fresh());
    const request = await site.request(machine, { labels: ['zone:eu1'] });
    const { agent, warned } = await site.registrar.register(request);
    expect(warned).toBe(false);
    expect(agent).toMatchObject({ name: 'prod1', state: 'ready', labels: ['zone:eu1'] });
    const appraisal = await latestAppraisal(site.database, agent.id);
    expect(appraisal).toMatchObject({
      at: AT,
      accepted: true,
      policies: [{ policy: 'images', version: 1, mode: 'strict', accepted: true }],
    });
    const checks = appraisal?.policies[0]?.checks.map(({ name }) => name);
    expect(checks).toEqual(expect.arrayContaining(['binding', 'eventLog', 'measurements']));
    const entry = await lastEntry(site.database);
    expect(entry).toMatchObject({
      event: {
        actor: `key:${agent.keySha256}`,
        outcome: 'accepted',
        facts: { policies: 'images@1 strict accepts' },
      },
    });
    // Neither the nonce nor the quote is in the log, in any spelling that we know of.
    const text = JSON.stringify(entry);
    for (const bytes of [request.nonce, request.evidence.quote]) {
      for (const spelling of ['hex', 'base64', 'base64url'] as const) {
        expect(text).not.toContain(Buffer.from(bytes).toString(spelling).slice(0, 40));
      }
    }
  });

  it.each<[string, AttemptChanges]>([
    ['name', { name: '../x' }],
    ['label', { labels: ['github:org/example'] }],
    ['nonce', { nonce: new Uint8Array(32).subarray(1) }],
  ])('with a malformed %s is refused, before anything else', async (field, changes) => {
    const site = await fleetSite(await databases.fresh());
    const { name, labels, nonce } = { ...(await site.request(machine)), ...changes };
    const attempt = site.registrar.register({
      ...(await site.request(machine)),
      name,
      labels,
      nonce,
    });
    await expect(attempt, field).rejects.toMatchObject({ code: 'ERR_FLEET_REQUEST_INVALID' });
  });

  it('with a nonce that nobody gave out is refused', async () => {
    const site = await fleetSite(await databases.fresh());
    const attempt = site.register(machine, { nonce: new Uint8Array(32).fill(1) });
    await expectRefused(site, attempt, 'ERR_FLEET_NONCE_UNKNOWN');
  });

  it('with a nonce for another purpose is refused', async () => {
    const site = await fleetSite(await databases.fresh());
    const spki = newKey();
    const { nonce } = await site.registrar.challenge('attest', spki);
    await expectRefused(site, site.register(machine, { spki, nonce }), 'ERR_FLEET_NONCE_PURPOSE');
  });

  it('with the nonce of another key is refused, and does not use it up', async () => {
    const site = await fleetSite(await databases.fresh());
    const spki = newKey();
    const { nonce } = await site.registrar.challenge('register', spki);
    await expectRefused(site, site.register(machine, { nonce }), 'ERR_FLEET_NONCE_KEY');
    expect((await site.register(machine, { spki, nonce })).agent.state).toBe('ready');
  });

  it('is not repeated: its nonce was used', async () => {
    const site = await fleetSite(await databases.fresh());
    const request = await site.request(machine);
    await site.registrar.register(request);
    await expect(site.registrar.register(request)).rejects.toMatchObject({
      code: 'ERR_FLEET_NONCE_USED',
    });
    const refused = await site.request(machine, { quoted: { agent: 'prod2' } });
    await expect(site.registrar.register(refused)).rejects.toBeInstanceOf(RefusedAgent);
    await expect(site.registrar.register(refused)).rejects.toMatchObject({
      code: 'ERR_FLEET_NONCE_USED',
    });
  });

  it('comes while its nonce is fresh, to the millisecond', async () => {
    const site = await fleetSite(await databases.fresh());
    const [early, late] = [
      await site.request(machine),
      await site.request(machine, { name: 'prod2' }),
    ];
    site.now = new Date(AT.getTime() + NONCE_LIFETIME_MS - 1);
    expect((await site.registrar.register(early)).agent.name).toBe('prod1');
    site.now = new Date(AT.getTime() + NONCE_LIFETIME_MS);
    await expect(site.registrar.register(late)).rejects.toMatchObject({
      code: 'ERR_FLEET_NONCE_EXPIRED',
    });
  });

  it('without a policy for it is refused', async () => {
    const site = await fleetSite(await databases.fresh(), undefined, { label: 'zone:eu1' });
    await expectRefused(site, site.register(machine), 'ERR_FLEET_POLICY_MISSING');
    expect((await site.register(machine, { labels: ['zone:eu1'] })).agent.state).toBe('ready');
  });

  it.each([
    ['a quote with a wrong signature', altered({ alter: simulatedFault('N1').apply }), /^ERR_/u],
    [
      'a simulated platform that the policy does not name',
      createSimulatedPlatform({ at: AT }),
      /^ERR_CERT_ROOT_UNTRUSTED$/u,
    ],
    [
      'a TD that is open for debugging',
      altered({ alter: simulatedFault('N20').apply }),
      /^ERR_POLICY_DEBUG$/u,
    ],
    [
      'another MRTD',
      altered({ alter: ({ td }) => (td.mrTd = asSha384(new Uint8Array(48).fill(9))) }),
      /^ERR_POLICY_MEASUREMENT$/u,
    ],
    [
      'another RTMR1',
      altered({
        alter: ({ td }) =>
          (td.rtmr = [td.rtmr[0], asSha384(new Uint8Array(48)), td.rtmr[2], td.rtmr[3]]),
      }),
      /^ERR_POLICY_MEASUREMENT$/u,
    ],
  ] as const)('with %s is refused', async (_, platform, code) => {
    const site = await fleetSite(await databases.fresh());
    const failure: unknown = await site.register(platform).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RefusedAgent);
    const { code: seen, policies } = failure as RefusedAgent;
    expect(seen).toMatch(code);
    expect(policies[0]?.checks.some(({ result }) => result === 'refused')).toBe(true);
    expect(await listAgents(site.database, { limit: 10 })).toEqual([]);
    expect(await lastEntry(site.database)).toMatchObject({
      event: { outcome: 'refused', code: seen },
    });
  });

  it('with a TCB status that the policy does not accept is refused', async () => {
    const platform = altered({ alter: simulatedFault('S1').apply });
    const site = await fleetSite(await databases.fresh());
    await expectRefused(site, site.register(platform), 'ERR_POLICY_TCB_STATUS');
  });

  it.each<[string, Partial<FleetBinding>]>([
    ['nonce', { nonce: new Uint8Array(32) }],
    ['purpose', { purpose: 'attest' }],
    ['key', { spki: newKey() }],
    ['name', { agent: 'prod2' }],
    ['fleet', { fleet: 'cp2.example.com' }],
  ])('with evidence for another %s is refused', async (_, quoted) => {
    const site = await fleetSite(await databases.fresh());
    await expectRefused(site, site.register(machine, { quoted }), 'ERR_FLEET_EVIDENCE_BINDING');
  });

  it('with an event log that is not what was measured is refused', async () => {
    const site = await fleetSite(await databases.fresh());
    const attempt = site.register(machine, { eventLog: [workload] });
    await expectRefused(site, attempt, 'ERR_EVENT_LOG_REPLAY');
  });

  it('is about the workloads that the event log proves', async () => {
    const platform = altered({});
    await platform.extend(3, digestRuntimeEvent(workload));
    const workloads = { web: [`sha256:${workload.image_digest}`] };
    const database = await databases.fresh();
    const site = await fleetSite(database, policyDocument(machine, { workloads }));
    await expectRefused(site, site.register(machine), 'ERR_POLICY_WORKLOAD');
    await expectRefused(site, site.register(platform), 'ERR_EVENT_LOG_REPLAY');
    expect((await site.register(platform, { eventLog: [workload] })).agent.state).toBe('ready');
  });

  it('of a name that another key has waits for an operator', async () => {
    const site = await fleetSite(await databases.fresh());
    const { agent } = await site.register(machine);
    const spki = newKey();
    await expect(site.register(machine, { spki })).rejects.toMatchObject({
      code: 'ERR_FLEET_NAME_TAKEN',
      seen: expect.stringMatching(/^[0-9a-f]{64}$/u) as string,
    });
    const [claim] = await site.database.rows(claimRow, 'SELECT key_sha256 FROM key_claims');
    await site.database.transaction((queries) =>
      approveKey(queries, agent.id, claim?.key_sha256 ?? '', { actor: 'operator:ann', at: AT }),
    );
    const again = await site.register(machine, { spki });
    expect(again.agent).toMatchObject({ id: agent.id, keySha256: claim?.key_sha256 });
  });

  it('is pending where the policy wants an operator', async () => {
    const site = await fleetSite(await databases.fresh(), undefined, { admission: 'approval' });
    expect((await site.register(machine)).agent).toMatchObject({
      state: 'pending',
      approved: false,
      code: 'APPROVAL_PENDING',
    });
  });

  it('passes a policy that warns, and not with evidence that is not genuine', async () => {
    const other = createSimulatedPlatform({ at: AT });
    const measurements = { image: { mrtd: '00'.repeat(48) } };
    const document = policyDocument(machine, { measurements });
    const site = await fleetSite(await databases.fresh(), document, { mode: 'warn' });
    await expectRefused(site, site.register(other), 'ERR_CERT_ROOT_UNTRUSTED');
    const { agent, warned } = await site.register(machine);
    expect(warned).toBe(true);
    expect(await latestAppraisal(site.database, agent.id)).toMatchObject({
      accepted: true,
      policies: [{ mode: 'warn', accepted: false, code: 'ERR_POLICY_MEASUREMENT' }],
    });
    expect(await lastEntry(site.database)).toMatchObject({ event: { outcome: 'warned' } });
  });

  it('is judged by shadows, which decide nothing, and by every policy of its labels', async () => {
    const site = await fleetSite(await databases.fresh());
    const measurements = { image: { mrtd: '00'.repeat(48) } };
    const strange = policyDocument(machine, { measurements, roots: ['intel'] });
    await addPolicy(site.database, 'next', strange, { mode: 'shadow', admission: 'approval' });
    const { agent, warned } = await site.register(machine);
    expect([agent.state, warned]).toEqual(['ready', false]);
    expect((await latestAppraisal(site.database, agent.id))?.policies).toMatchObject([
      { policy: 'images', accepted: true },
      { policy: 'next', mode: 'shadow', accepted: false, code: 'ERR_CERT_ROOT_UNTRUSTED' },
    ]);
    await addPolicy(site.database, 'owner', strange, { label: 'zone:eu1' });
    await expect(
      site.register(machine, { name: 'prod2', labels: ['zone:eu1'] }),
    ).rejects.toMatchObject({
      code: 'ERR_CERT_ROOT_UNTRUSTED',
    });
  });

  it('that fifty make with one nonce at once is made by one', async () => {
    const site = await fleetSite(await databases.fresh());
    const request = await site.request(machine);
    const attempts = await Promise.allSettled(
      Array.from({ length: 50 }, () => site.registrar.register(request)),
    );
    expectOneOf(attempts);
    expect(await listAgents(site.database, { limit: 10 })).toHaveLength(1);
    expect((await verifyAudit(site.database)).entries).toBe(2 + 1 + 50);
  }, 60_000);

  it('is limited to eight nonces of a key that are under way', async () => {
    const site = await fleetSite(await databases.fresh());
    const spki = newKey();
    for (let count = 0; count < 8; count += 1) await site.registrar.challenge('register', spki);
    const ninth = site.registrar.challenge('register', spki);
    await expect(ninth).rejects.toMatchObject({ code: 'ERR_FLEET_BUSY', family: 'unavailable' });
    await site.registrar.challenge('register', newKey());
    site.now = new Date(AT.getTime() + NONCE_LIFETIME_MS);
    await site.registrar.challenge('register', spki);
  });
});

describeOnPostgres('a registration', (databases) => {
  it('that fifty make with one nonce at two instances at once is made by one', async () => {
    const first = await fleetSite(await databases.fresh());
    const second = fleetOn(await databases.another());
    const request = await first.request(machine);
    const attempts = await Promise.allSettled(
      Array.from({ length: 50 }, (_, at) =>
        (at % 2 === 0 ? first : second).registrar.register(request),
      ),
    );
    expectOneOf(attempts);
    expect(await listAgents(first.database, { limit: 10 })).toHaveLength(1);
    expect((await verifyAudit(first.database)).entries).toBe(2 + 1 + 50);
  }, 60_000);
});
