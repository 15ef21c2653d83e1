// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { createRoot } from '@proofgate/ca/authorities';
import {
  enrol,
  serverIdentities,
  type ServiceEvidence,
  type ServiceRequirements,
} from '@proofgate/ca/enrolment';
import { openOperatorCa } from '@proofgate/ca/operator';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { afterEach, describe, expect, it } from 'vitest';
import { caDirectory } from '../ca-directory.ts';
import { pem, refusal, root } from '../pki.ts';
import { enrolmentSite, machine, policyFor, SERVICE } from './enrolment-site.ts';

const now = (): Date => new Date();

/** The TD that the service runs in; certificates of TLS are valid now, and so is its evidence. */
const home = createSimulatedPlatform();
const elsewhere = createSimulatedPlatform();

const evidence: ServiceEvidence = { tee: 'tdx', quote: (reportData) => home.quote(reportData) };

const requires: ServiceRequirements = {
  policy: policyFor(home),
  collateral: home.collateral(),
  clock: now,
};

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** What stands where the service should, with a certificate like its own, and counts what it is sent. */
async function impostor(
  own: ServiceEvidence | undefined,
  { ca: signer = root, host = SERVICE } = {},
): Promise<{ readonly url: string; received: number }> {
  const ca = await openOperatorCa(caDirectory(signer), now());
  const identities = await serverIdentities(ca, signer, host, now, own);
  const server = createServer(await identities(), (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (sent: Buffer) => {
      seen.received += sent.length;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.close();
    await ca.close();
  });
  // Sound: it listens on a TCP port.
  const { port } = server.address() as AddressInfo;
  const seen = { url: `https://${SERVICE}:${String(port)}`, received: 0 };
  return seen;
}

/** Tries to enrol there; the service has to be refused before it is sent anything. */
async function expectRefused(
  service: Awaited<ReturnType<typeof impostor>>,
  code: string,
  required = requires,
): Promise<void> {
  const refused = enrol({
    ...{
      url: service.url,
      rootPem: pem(root.certificate),
      connectTo: '127.0.0.1',
      requires: required,
    },
    ...{ purpose: 'enrol', host: 'prod1.example.com', clock: now },
    evidence: {
      quote: () => Promise.reject(new Error('the machine makes no evidence for it')),
      collateral: () => Promise.resolve(undefined),
    },
  });
  await expect(refused).rejects.toThrow(refusal('ERR_CA_SERVICE_REFUSED'));
  // Sound: what was thrown has just been looked at.
  const error = (await refused.catch((thrown: unknown) => thrown)) as { seen: string };
  expect(error.seen).toContain(code);
  expect(service.received).toBe(0);
}

describe('a machine that demands evidence of the CA', () => {
  it('enrols with one that its policy accepts', async () => {
    const site = await enrolmentSite({ evidence });
    const enrolled = await site.enrol(machine, { requires });
    expect(site.ca.state().issued.has(enrolled.serial)).toBe(true);
    await site.enrol(machine, { requires, purpose: 'renew' });
  });

  it('is served as well without demanding any', async () => {
    const site = await enrolmentSite({ evidence });
    await site.enrol(machine);
  });

  it('sends nothing to one without evidence', async () => {
    await expectRefused(await impostor(undefined), 'ERR_EVIDENCE_MISSING');
  });

  it('sends nothing to one with other measurements', async () => {
    const measurements = { other: { mrtd: 'ab'.repeat(48) } };
    const policy = policyFor(home, { measurements });
    const other = { ...requires, policy };
    await expectRefused(await impostor(evidence), 'ERR_POLICY_MEASUREMENT', other);
  });

  it('sends nothing to one on a platform that its policy does not name', async () => {
    const quote: ServiceEvidence['quote'] = (reportData) => elsewhere.quote(reportData);
    const collateral = elsewhere.collateral();
    await expectRefused(await impostor({ tee: 'tdx', quote }), 'ERR_', { ...requires, collateral });
  });

  it('sends nothing to one that shows evidence for another key', async () => {
    const quote: ServiceEvidence['quote'] = (reportData) => {
      const [first = 0, ...rest] = reportData;
      // Sound: it is as long as report data is.
      return home.quote(Uint8Array.of(first ^ 1, ...rest) as typeof reportData);
    };
    await expectRefused(await impostor({ tee: 'tdx', quote }), 'ERR_BINDING');
  });

  it('sends nothing to one of another CA, or for another name', async () => {
    const ca = await createRoot({ commonName: 'Test Root', days: 30, at: now() });
    await expectRefused(await impostor(evidence, { ca }), 'ERR_CERT');
    const misnamed = await impostor(evidence, { host: 'other.example.com' });
    await expectRefused(misnamed, 'ERR_CERT_HOSTNAME');
  });

  it('tries again later when nobody answers', async () => {
    const site = await enrolmentSite();
    const nobody = site.enrol(machine, { requires, url: `https://${SERVICE}:1` });
    await expect(nobody).rejects.toThrow(refusal('ERR_CA_ENROLMENT_UNAVAILABLE'));
  });
});
