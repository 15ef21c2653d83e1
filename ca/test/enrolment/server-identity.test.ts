// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect } from 'node:tls';
import { IDENTITY_CHECK_MS, serverIdentities } from '@proofgate/ca/enrolment';
import { waitFor } from '@proofgate/daemon';
import { decodePem, parseCertificate } from '@proofgate/evidence';
import { afterEach, expect, it, vi } from 'vitest';
import { caDirectory, withCa } from '../ca-directory.ts';
import { AT, DAY_MS, HOUR_MS, root } from '../pki.ts';
import { enrolmentSite } from './enrolment-site.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('the service has a certificate for as long as it runs', async () => {
  await withCa(caDirectory(), async (ca) => {
    let now = AT;
    const identity = await serverIdentities(ca, root, 'ca.example.com', () => now);
    const intermediaries = new Set<string>();
    for (let day = 0; day < 100; day += 1) {
      now = new Date(AT.getTime() + day * DAY_MS);
      const { cert } = await identity();
      const [leaf, intermediary] = decodePem(cert, 'CERTIFICATE').map((der) =>
        parseCertificate(der),
      );
      // Twelve hours later the service asks again.
      expect(leaf?.notAfter.getTime()).toBeGreaterThan(now.getTime() + DAY_MS / 2);
      expect(intermediary?.notAfter.getTime()).toBeGreaterThan(now.getTime() + 2 * DAY_MS);
      intermediaries.add(Buffer.from(intermediary?.serialNumber ?? []).toString('hex'));
    }
    // One in 27 days, and all of them are in the journal.
    expect(intermediaries.size).toBe(4);
    expect([...ca.state().issued.keys()].toSorted()).toEqual([...intermediaries].toSorted());
  });
});

it('the service has one that is good now when the clock is set back', async () => {
  await withCa(caDirectory(), async (ca) => {
    let now = new Date(AT.getTime() + DAY_MS);
    const identity = await serverIdentities(ca, root, 'ca.example.com', () => now);
    await identity();
    now = AT;
    const [leaf, intermediary] = decodePem((await identity()).cert, 'CERTIFICATE').map((der) =>
      parseCertificate(der),
    );
    expect(leaf?.notBefore.getTime()).toBeLessThanOrEqual(AT.getTime());
    expect(intermediary?.notBefore.getTime()).toBeLessThanOrEqual(AT.getTime());
  });
});

it('the service looks at the time every hour, and has another one after half a day', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const site = await enrolmentSite();
  const { port } = new URL(site.url);
  const first = await serialOf(port);
  const pass = async (hours: number): Promise<string> => {
    site.now = new Date(site.now.getTime() + hours * HOUR_MS);
    vi.advanceTimersByTime(IDENTITY_CHECK_MS);
    return serialOf(port);
  };
  expect(await pass(2)).toBe(first);
  const renewed = async (before: string): Promise<string> => {
    let serial = before;
    const look = async (): Promise<boolean> => (serial = await serialOf(port)) !== before;
    await waitFor(look, { timeoutMs: 5_000, intervalMs: 5 });
    return serial;
  };
  // It slept for half a day, in which no timer ran.
  await pass(12);
  const second = await renewed(first);
  await pass(-24);
  await renewed(second);
});

/** Of the certificate that the service shows. */
async function serialOf(port: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const serial = socket.getPeerX509Certificate()?.serialNumber ?? '';
  socket.destroy();
  return serial;
}
