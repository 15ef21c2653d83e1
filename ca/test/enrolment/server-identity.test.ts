// SPDX-License-Identifier: Apache-2.0
import { serverIdentities } from '@proofgate/ca/enrolment';
import { decodePem, parseCertificate } from '@proofgate/evidence';
import { expect, it } from 'vitest';
import { caDirectory, withCa } from '../ca-directory.ts';
import { AT, DAY_MS, root } from '../pki.ts';

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
