// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadIssuer, encodePrivateKey } from '@proofgate/ca';
import { createCertificateRequest, createKeyPair } from '@proofgate/ca/authorities';
import { NONCE_LIFETIME_MS } from '@proofgate/ca/enrolment';
import { journalState, readJournalChain } from '@proofgate/ca/operator';
import {
  asSha384,
  enrolmentReportData,
  fromBase64,
  parseCertificate,
  toBase64,
} from '@proofgate/evidence';
import { createSimulatedPlatform, simulatedFault } from '@proofgate/simulator';
import { describe, expect, it } from 'vitest';
import { AT, DAY_MS, pem, refusal, root } from '../pki.ts';
import { enrolmentSite, HOST, machine, policyFor } from './enrolment-site.ts';
import { ask } from './https-request.ts';

describe('an enrolment', () => {
  it('gives a machine an intermediary for its host and its own key', async () => {
    const site = await enrolmentSite();
    const enrolled = await site.enrol(machine);
    const issuer = loadIssuer({
      certificatePem: enrolled.certificatePem,
      privateKeyPem: encodePrivateKey(enrolled.privateKey),
      at: AT,
    });
    expect(issuer.certificate.nameConstraints?.permitted.dns).toEqual([HOST]);
    expect(issuer.certificate.basicConstraints?.pathLength).toBe(0);
    expect(enrolled.notAfter.getTime()).toBe(
      Math.floor(AT.getTime() / 1_000) * 1_000 + 30 * DAY_MS,
    );
    const entries = readJournalChain(readFileSync(join(site.directory, 'journal.jsonl'))).entries;
    const event = entries.at(-1)?.event;
    expect(event).toMatchObject({ type: 'issue', serial: enrolled.serial, key: 'requested' });
    expect(event).toHaveProperty('evidence_sha256');
  });

  it('renews with a new key', async () => {
    const site = await enrolmentSite();
    const first = await site.enrol(machine);
    const second = await site.enrol(machine, { purpose: 'renew' });
    expect(second.serial).not.toBe(first.serial);
    expect(second.privateKey.equals(first.privateKey)).toBe(false);
  });

  it('is for hosts that a rule names', async () => {
    const site = await enrolmentSite();
    await site.enrol(machine, { host: 'a.fleet.example.com' });
    for (const host of ['prod2.example.com', 'fleet.example.com', 'a.b.fleet.example.com']) {
      await expect(site.enrol(machine, { host })).rejects.toThrow('ERR_CA_HOST_NOT_ENROLLED');
    }
  });

  it('tries one rule after the other', async () => {
    const strict = policyFor(machine, { measurements: { other: { mrtd: 'ab'.repeat(48) } } });
    const rule = { hosts: [HOST], days: 7 };
    const site = await enrolmentSite({
      rules: [
        { ...rule, name: 'strict', policy: strict },
        { ...rule, name: 'machines', policy: policyFor(machine), days: 3 },
      ],
    });
    const { notAfter } = await site.enrol(machine);
    expect(notAfter.getTime()).toBeLessThan(AT.getTime() + 4 * DAY_MS);
  });

  it('gives 200 machines at once 200 serial numbers and a journal that verifies', async () => {
    const site = await enrolmentSite();
    const enrolled = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        site.enrol(machine, { host: `m${String(index)}.fleet.example.com` }),
      ),
    );
    expect(new Set(enrolled.map(({ serial }) => serial)).size).toBe(200);
    const bytes = readFileSync(join(site.directory, 'journal.jsonl'));
    const { issued } = journalState(readJournalChain(bytes).entries);
    for (const { serial } of enrolled) expect(issued.has(serial)).toBe(true);
  }, 60_000);
});

describe('an enrolment is refused', () => {
  it.each([
    [
      'a TD in debug mode',
      () =>
        createSimulatedPlatform({
          at: AT,
          identity: machine.identity,
          alter: simulatedFault('N20').apply,
        }),
      'ERR_POLICY_DEBUG',
    ],
    [
      'a measurement that the policy does not list',
      () =>
        createSimulatedPlatform({
          at: AT,
          identity: machine.identity,
          alter: ({ td }) => {
            td.mrTd = asSha384(new Uint8Array(48).fill(9));
          },
        }),
      'ERR_POLICY_MEASUREMENT:',
    ],
    [
      'another simulated root',
      () => createSimulatedPlatform({ at: AT }),
      'ERR_CERT_ROOT_UNTRUSTED',
    ],
  ] as const)('for %s', async (_, platform, code) => {
    const site = await enrolmentSite();
    const failure = await site.enrol(platform()).catch((error: unknown) => error);
    expect(failure).toEqual(refusal('ERR_CA_ENROLMENT_REFUSED'));
    expect(String(failure)).toContain(code);
  });

  it('for a simulated root where the policy names hardware', async () => {
    const policy = policyFor(machine, { roots: ['intel'] });
    const site = await enrolmentSite({ rules: [{ name: 'hw', policy, hosts: [HOST], days: 7 }] });
    await expect(site.enrol(machine)).rejects.toThrow('ERR_CERT_ROOT_UNTRUSTED');
  });

  it('for collateral that has expired', async () => {
    const site = await enrolmentSite();
    const old = machine.collateral();
    site.now = new Date(AT.getTime() + 40 * DAY_MS);
    const evidence = { ...site.options(machine).evidence, collateral: () => Promise.resolve(old) };
    await expect(site.enrol(machine, { evidence })).rejects.toThrow(/EXPIRED|STALE/u);
  });

  it('for evidence over anything else than the request', async () => {
    const site = await enrolmentSite();
    const binding = { purpose: 'enrol', host: HOST, spki: new Uint8Array(91) } as const;
    for (const other of [
      { ...binding, nonce: new Uint8Array(32) },
      { ...binding, purpose: 'renew' as const, nonce: new Uint8Array(32) },
    ]) {
      const evidence = {
        ...site.options(machine).evidence,
        quote: () => machine.quote(enrolmentReportData(other)),
      };
      await expect(site.enrol(machine, { evidence })).rejects.toThrow('ERR_CA_EVIDENCE_BINDING');
    }
  });
});

describe('the service', () => {
  /** A request that would be granted, with the parts that a test changes. */
  async function request(
    url: string,
    changes: { readonly key?: 'other'; readonly host?: string; readonly purpose?: 'renew' } = {},
  ): Promise<Record<string, unknown>> {
    const answer = await ask(url, 'POST', '/v1/nonces');
    const { nonce } = answer.body as { nonce: string };
    const { publicKey, privateKey } = await createKeyPair('P-256');
    const other = await createKeyPair('P-256');
    const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
    const binding = { purpose: 'enrol', host: HOST, spki, nonce: fromBase64(nonce) } as const;
    const key = changes.key === 'other' ? other.privateKey : privateKey;
    return {
      purpose: changes.purpose ?? 'enrol',
      host: changes.host ?? HOST,
      nonce,
      request: toBase64(await createCertificateRequest(key, 'machine')),
      quote: toBase64(await machine.quote(enrolmentReportData(binding))),
      collateral: machine.collateral(),
    };
  }

  const send = (url: string, body: unknown): ReturnType<typeof ask> =>
    ask(url, 'POST', '/v1/intermediaries', body);

  it('takes a nonce once', async () => {
    const { url } = await enrolmentSite();
    const body = await request(url);
    expect(await send(url, body)).toMatchObject({ status: 201 });
    expect(await send(url, body)).toMatchObject({ status: 403, body: { code: 'ERR_CA_NONCE' } });
  });

  it('takes a nonce once even when the request was refused', async () => {
    const { url } = await enrolmentSite();
    const body = await request(url);
    expect(await send(url, { ...body, host: 'x.example.com' })).toMatchObject({ status: 403 });
    expect(await send(url, body)).toMatchObject({ body: { code: 'ERR_CA_NONCE' } });
  });

  it('takes a nonce while it is fresh', async () => {
    const site = await enrolmentSite();
    const late = await request(site.url);
    site.now = new Date(AT.getTime() + NONCE_LIFETIME_MS + 1);
    expect(await send(site.url, late)).toMatchObject({ body: { code: 'ERR_CA_NONCE' } });
    const inTime = await request(site.url);
    site.now = new Date(site.now.getTime() + NONCE_LIFETIME_MS);
    expect(await send(site.url, inTime)).toMatchObject({ status: 201 });
  });

  it.each([
    ['another key in the request', { key: 'other' }],
    ['another host', { host: 'a.fleet.example.com' }],
    ['another purpose', { purpose: 'renew' }],
  ] as const)('refuses %s than the evidence covers', async (_, changes) => {
    const { url } = await enrolmentSite();
    const answer = await send(url, await request(url, changes));
    expect(answer).toMatchObject({ status: 403, body: { code: 'ERR_CA_EVIDENCE_BINDING' } });
    expect(answer.type).toBe('application/problem+json');
  });

  it('explains a refusal by policy in all its points', async () => {
    const policy = policyFor(machine, { measurements: { other: { mrtd: 'ab'.repeat(48) } } });
    const { url } = await enrolmentSite({ rules: [{ name: 'r', policy, hosts: [HOST], days: 7 }] });
    const { status, body } = await send(url, await request(url));
    expect(status).toBe(403);
    const { checks } = body as { checks: { name: string; result: string; hint?: string }[] };
    expect(checks.length).toBeGreaterThan(5);
    const refused = checks.filter(({ result }) => result === 'refused');
    expect(refused).toEqual([
      expect.objectContaining({ hint: expect.stringMatching(/policy/) as unknown }),
    ]);
  });

  it.each([
    ['no JSON', 'not json', /JSON/],
    ['a missing field', { purpose: 'enrol' }, /^host: /],
    ['an unknown field', { extra: 1 }, /"extra"/],
    ['a field that says much', { ['x'.repeat(10_000)]: 1 }, /^.{50,200}$/],
  ])('refuses %s and says what is wrong', async (_, change, seen) => {
    const { url } = await enrolmentSite();
    const body = typeof change === 'string' ? change : { ...(await request(url)), ...change };
    const wrong = 'purpose' in Object(change) ? change : body;
    expect(await send(url, wrong)).toMatchObject({
      status: 400,
      body: {
        code: 'ERR_CA_ENROLMENT_INVALID',
        checks: [{ seen: expect.stringMatching(seen) as unknown }],
      },
    });
  });

  it('refuses a request that is no certificate request', async () => {
    const { url } = await enrolmentSite();
    const body = { ...(await request(url)), request: toBase64(randomBytes(100)) };
    expect(await send(url, body)).toMatchObject({
      status: 400,
      body: { code: 'ERR_CA_REQUEST_INVALID' },
    });
  });

  it('bounds the size of requests and the number of them', async () => {
    const { url } = await enrolmentSite({ rate: { burst: 3, perMinute: 60 } });
    const large = await send(url, { padding: 'x'.repeat(600_000) });
    expect(large).toMatchObject({ status: 400 });
    await ask(url, 'GET', '/healthz');
    await ask(url, 'GET', '/healthz');
    const limited = await ask(url, 'GET', '/healthz');
    expect(limited).toMatchObject({ status: 429 });
    expect(limited.headers['retry-after']).toBe('60');
  });

  it('shows root, description and health, and nothing else', async () => {
    const { url } = await enrolmentSite();
    expect((await ask(url, 'GET', '/root.pem')).text).toBe(pem(root.certificate));
    expect(await ask(url, 'GET', '/healthz')).toMatchObject({ status: 200 });
    expect((await ask(url, 'GET', '/openapi.json')).body).toMatchObject({ openapi: '3.1.0' });
    expect(await ask(url, 'GET', '/root.crl')).toMatchObject({ status: 404 });
    expect(await ask(url, 'GET', '/root.key')).toMatchObject({ status: 404 });
    expect(await ask(url, 'PUT', '/v1/nonces')).toMatchObject({ status: 405 });
  });
});

describe('a machine', () => {
  it('trusts its root alone', async () => {
    const site = await enrolmentSite();
    const stranger = pem(parseCertificate(machine.rootCertificate).raw);
    await expect(site.enrol(machine, { rootPem: stranger })).rejects.toEqual(
      refusal('ERR_CA_ENROLMENT_UNAVAILABLE'),
    );
  });

  it('says that a CA cannot be reached', async () => {
    const site = await enrolmentSite();
    await expect(site.enrol(machine, { url: 'https://ca.example.com:9' })).rejects.toEqual(
      refusal('ERR_CA_ENROLMENT_UNAVAILABLE'),
    );
  });

  it('gives up when it is told to', async () => {
    const site = await enrolmentSite();
    const signal = AbortSignal.abort();
    await expect(site.enrol(machine, { signal })).rejects.toEqual(
      refusal('ERR_CA_ENROLMENT_UNAVAILABLE'),
    );
  });
});
