// SPDX-License-Identifier: Apache-2.0
import { openOperatorCa, revokeCertificate } from '@proofgate/ca/operator';
import { describe, expect, it } from 'vitest';
import { HostHistory } from '../../src/enrolment/host-history.ts';
import { issueOne } from '../ca-directory.ts';
import { AT, DAY_MS } from '../pki.ts';
import { enrolmentSite, HOST, machine, type EnrolmentSite } from './enrolment-site.ts';

/** Two are granted at this time, and no third. */
async function enrolBoth(site: EnrolmentSite): Promise<void> {
  await site.enrol(machine);
  await site.enrol(machine);
  await expect(site.enrol(machine)).rejects.toThrow('ERR_CA_BUSY');
}

describe('a host', () => {
  it('gets so many certificates a day', async () => {
    const site = await enrolmentSite({ perHostPerDay: 3 });
    for (let count = 0; count < 3; count += 1) await site.enrol(machine);
    await expect(site.enrol(machine)).rejects.toThrow('ERR_CA_BUSY');
    await expect(site.enrol(machine, { purpose: 'renew' })).rejects.toThrow('ERR_CA_BUSY');
    await site.enrol(machine, { host: 'other.fleet.example.com' });
    site.now = new Date(AT.getTime() + DAY_MS);
    await site.enrol(machine);
  });

  it('is not held to what it got while the clock was wrong', async () => {
    const site = await enrolmentSite({ perHostPerDay: 2 });
    site.now = new Date(AT.getTime() + 10 * DAY_MS);
    await enrolBoth(site);
    site.now = AT;
    await enrolBoth(site);
    site.now = new Date(AT.getTime() + DAY_MS);
    await enrolBoth(site);
  });

  it('gets no more by asking all at once', async () => {
    const site = await enrolmentSite({ perHostPerDay: 3 });
    const all = Array.from({ length: 12 }, () => site.enrol(machine));
    const granted = (await Promise.allSettled(all)).filter(({ status }) => status === 'fulfilled');
    expect(granted).toHaveLength(3);
  });

  it('gets no more when the service starts again', async () => {
    const site = await enrolmentSite();
    const { serial } = await site.enrol(machine);
    await site.ca.close();
    const ca = await openOperatorCa(site.directory, AT);
    const history = new HostHistory(ca.journal, 1);
    expect(history.live(HOST, AT)).toEqual([serial]);
    await expect(history.within(HOST, AT, () => Promise.resolve())).rejects.toThrow('too many');
  });

  it('is logged when it enrols beside an intermediary that is good', async () => {
    const log: string[] = [];
    const site = await enrolmentSite({ log });
    const warnings = (): unknown[] =>
      log
        .map((line) => JSON.parse(line) as { msg: string; host: string; others: unknown })
        .filter(({ msg }) => msg.includes('another intermediary'))
        .map(({ host, others }) => [host, others]);
    const first = await site.enrol(machine);
    const renewed = await site.enrol(machine, { purpose: 'renew' });
    expect(warnings()).toEqual([]);
    await revokeCertificate(site.ca, { serial: first.serial, reason: 'superseded', at: AT });
    const { serial: byHand } = await issueOne(site.ca, HOST);
    await site.enrol(machine);
    expect(warnings()).toEqual([[HOST, [renewed.serial, byHand]]]);
    await site.enrol(machine, { host: 'other.fleet.example.com' });
    expect(warnings()).toHaveLength(1);
  });
});
