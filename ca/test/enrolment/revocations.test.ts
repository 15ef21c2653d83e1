// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  orderFromService,
  REVOCATIONS_CHECK_MS,
  Revocations,
  serveCaOrders,
} from '@proofgate/ca/enrolment';
import { openOperatorCa, type OperatorCa } from '@proofgate/ca/operator';
import { createLogger, requestUnix, waitFor } from '@proofgate/daemon';
import { parseCertificateList } from '@proofgate/evidence';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { caDirectory, issueOne } from '../ca-directory.ts';
import { AT, DAY_MS, HOUR_MS, refusal, root } from '../pki.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers.splice(0).toReversed()) await close();
});

/** What `ca serve` runs in the directory of a CA. */
async function serving(): Promise<{
  readonly directory: string;
  readonly ca: OperatorCa;
  readonly number: () => number;
  now: Date;
}> {
  const directory = caDirectory();
  const ca = await openOperatorCa(directory, AT);
  const site = { directory, ca, number: () => ca.state().crlNumber, now: AT };
  const revocations = await Revocations.start({ ca, root, days: 7, clock: () => site.now, logger });
  const orders = await serveCaOrders(directory, revocations, logger);
  closers.push(
    () => ca.close(),
    () => revocations.stop(),
    () => orders.close(),
  );
  return site;
}

const listIn = (directory: string): ReturnType<typeof parseCertificateList> =>
  parseCertificateList(readFileSync(join(directory, 'root.crl')));

describe('a service that has the directory of a CA', () => {
  it('signs a list at its start', async () => {
    const { directory, number } = await serving();
    expect(number()).toBe(1);
    expect(listIn(directory).nextUpdate?.getTime()).toBeGreaterThan(AT.getTime() + 6 * DAY_MS);
  });

  it('signs one every day', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const site = await serving();
    for (let hour = 1; hour <= 48; hour += 1) {
      site.now = new Date(AT.getTime() + hour * HOUR_MS);
      vi.advanceTimersByTime(REVOCATIONS_CHECK_MS);
      const wanted = 1 + Math.floor(hour / 24);
      await waitFor(() => site.number() === wanted, { timeoutMs: 5_000, intervalMs: 1 });
    }
  });

  it('signs one when the clock is set back', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const site = await serving();
    site.now = new Date(AT.getTime() - 60_000);
    vi.advanceTimersByTime(REVOCATIONS_CHECK_MS);
    await waitFor(() => site.number() === 2, { timeoutMs: 5_000, intervalMs: 1 });
    await waitFor(() => listIn(site.directory).thisUpdate < AT, { timeoutMs: 5_000 });
  });

  it('revokes for an operator, and signs a list that says so', async () => {
    const { directory, ca } = await serving();
    const { serial } = await issueOne(ca);
    const body = { serial, reason: 'keyCompromise' } as const;
    const list = await orderFromService(directory, { path: '/v1/revoke', body });
    expect(list).toEqual({ number: 2, revoked: 1 });
    expect(listIn(directory).revoked).toHaveLength(1);
    expect(await orderFromService(directory, { path: '/v1/crl' })).toEqual({
      number: 3,
      revoked: 1,
    });
    const again = orderFromService(directory, { path: '/v1/revoke', body });
    await expect(again).rejects.toEqual(refusal('ERR_CA_ALREADY_REVOKED'));
  });

  it('does one thing after the other', async () => {
    const { directory, ca, number } = await serving();
    const { serial } = await issueOne(ca);
    const body = { serial, reason: 'superseded' } as const;
    const orders = [
      ...Array.from({ length: 4 }, () => orderFromService(directory, { path: '/v1/crl' })),
      ...Array.from({ length: 4 }, () => orderFromService(directory, { path: '/v1/revoke', body })),
    ];
    const refused = (await Promise.allSettled(orders)).filter(
      ({ status }) => status === 'rejected',
    );
    expect(refused).toHaveLength(3);
    // Reading the journal fails when a number, or a revocation, is there twice.
    expect(number()).toBe(6);
  });

  it('takes orders of its own user alone, and only these', async () => {
    const { directory } = await serving();
    const socketPath = join(directory, 'serve.sock');
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    const ask = async (path: string, body: unknown): Promise<unknown> => {
      const { body: answer } = await requestUnix({
        ...{ socketPath, method: 'POST', path, body, timeoutMs: 5_000 },
      });
      return answer;
    };
    const malformed = { code: 'ERR_CA_ENROLMENT_INVALID' };
    expect(await ask('/v1/revoke', { serial: 'zz', reason: 'superseded' })).toMatchObject(
      malformed,
    );
    expect(await ask('/v1/revoke', { serial: '01', reason: 'other' })).toMatchObject(malformed);
    expect(await ask('/v1/issue', {})).toMatchObject({ code: 'ERR_NOT_FOUND' });
  });

  it('is not there where none runs', async () => {
    expect(await orderFromService(caDirectory(), { path: '/v1/crl' })).toBeUndefined();
  });
});
