// SPDX-License-Identifier: Apache-2.0
import { request } from 'node:https';
import { request as httpRequest, type ServerResponse } from 'node:http';
import { proxyReadinessSchema, stateSummarySchema, identitiesSchema } from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../src/index.ts';
import { FakeClock } from './fake-clock.ts';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { answerTo, ask, target, type Answer } from './https-client.ts';
import { isRefused } from './proxy-client.ts';
import { newIntermediary } from './test-ca.ts';
import { startMachine, untilReady, type TestMachine } from './test-proxy.ts';

// Each test forks processes, which takes long on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const APP = 'app.example.com';
const SOON = { timeoutMs: 8_000 };
const DAY_MS = 86_400_000;
let machine: TestMachine;
let upstream: HttpUpstream;
let held: ServerResponse[];

beforeEach(async () => {
  machine = await startMachine();
  held = [];
  upstream = await startHttpUpstream((incoming, outgoing) => {
    if (incoming.url === '/held') held.push(outgoing);
    else outgoing.writeHead(incoming.url === '/missing' ? 404 : 200).end('hello');
  });
});
afterEach(async () => {
  await machine.close();
  await upstream.close();
});

async function startServing(...hostnames: string[]): Promise<RunningProxy> {
  const routes = hostnames.map((hostname) => ({ hostname, upstream: upstream.upstream }));
  const proxy = await machine.start(machine.config({ routes }));
  await untilReady(proxy);
  return proxy;
}

function askOnce(proxy: RunningProxy, hostname: string, path = '/'): Promise<Answer> {
  return ask(target(proxy.address.port, hostname, { path }));
}

/** The value of one line; `undefined` when there is none. */
async function metric(line: string): Promise<number | undefined> {
  const text = await machine.metrics();
  const found = text.split('\n').find((one) => one.startsWith(`proofgate_proxy_${line} `));
  return found === undefined ? undefined : Number(found.slice(found.lastIndexOf(' ') + 1));
}

const OK = `requests_total{host="${APP}",status="2xx"}`;

describe('metrics', () => {
  it('add up over all workers, by host and by the class of the status', async () => {
    const proxy = await startServing(APP, 'two.example.com');
    await Promise.all(Array.from({ length: 40 }, () => askOnce(proxy, APP)));
    for (let n = 0; n < 3; n += 1) await askOnce(proxy, APP, '/missing');
    await askOnce(proxy, 'two.example.com');
    await waitFor(async () => (await metric(OK)) === 40, SOON);
    await waitFor(async () => (await metric('open_connections')) === 0, SOON);
    const text = await machine.metrics();
    for (const line of [
      `requests_total{host="${APP}",status="4xx"} 3`,
      'requests_total{host="two.example.com",status="2xx"} 1',
      `request_duration_seconds_bucket{host="${APP}",le="+Inf"} 43`,
      `request_duration_seconds_count{host="${APP}"} 43`,
      `sent_bytes_total{host="${APP}"} ${String(43 * 'hello'.length)}`,
      `tls_handshakes_total{host="${APP}"} 43`,
      'tls_handshake_duration_seconds_count 44',
      'open_requests 0',
      'workers 2',
      'ready 1',
      'identities_total{result="made"} 2',
      'quote_duration_seconds_count{purpose="identity"} 2',
      'quote_queue_sessions{purpose="batch"} 0',
    ]) {
      expect(text).toContain(`proofgate_proxy_${line}\n`);
    }
  });

  it('survive the worker that counted', async () => {
    const proxy = await startServing(APP);
    for (let n = 0; n < 6; n += 1) await askOnce(proxy, APP);
    await waitFor(async () => (await metric(OK)) === 6, SOON);
    const before = [...proxy.workerPids];
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await waitFor(
      () => proxy.health().workers === 2 && proxy.workerPids.every((pid) => !before.includes(pid)),
      SOON,
    );
    expect(await metric(OK)).toBe(6);
    expect(await metric('worker_deaths_total')).toBe(2);
    await askOnce(proxy, APP);
    await waitFor(async () => (await metric(OK)) === 7, SOON);
  });

  it('count refusals by code, before TLS and after it', async () => {
    const proxy = await startServing(APP);
    expect(await isRefused(proxy, 'unknown.example.com')).toBe(true);
    await ask(target(proxy.address.port, APP, { headers: { Host: 'other.example.com' } }));
    const refusals = (code: string): string => `refusals_total{code="${code}"}`;
    await waitFor(async () => (await metric(refusals('ERR_PROXY_HELLO_NAME'))) === 1, SOON);
    await waitFor(
      async () => (await metric(refusals('ERR_PROXY_REQUEST_MISDIRECTED'))) === 1,
      SOON,
    );
    expect(await metric(refusals('ERR_PROXY_REQUEST_MALFORMED'))).toBe(0);
  });

  it('name no host but those of the configuration', async () => {
    const proxy = await startServing(APP, 'two.example.com');
    await askOnce(proxy, 'two.example.com');
    const two = 'requests_total{host="two.example.com",status="2xx"}';
    await waitFor(async () => (await metric(two)) === 1, SOON);
    await isRefused(proxy, 'made-up.example.com');
    await proxy.reload(
      machine.config({ routes: [{ hostname: APP, upstream: upstream.upstream }] }),
    );
    expect(await machine.metrics()).not.toMatch(/two\.example|made-up/);
  });

  it('tell when identity, collateral and CA end', async () => {
    await startServing(APP);
    const soon = Date.now() / 1_000;
    const expiry = await metric(`identity_expiry_timestamp_seconds{host="${APP}"}`);
    expect(expiry! - soon).toBeGreaterThan(86_000);
    const renewal = await metric(`identity_renewal_timestamp_seconds{host="${APP}"}`);
    expect(renewal!).toBeLessThan(expiry!);
    expect(await metric(`collateral_expiry_timestamp_seconds{host="${APP}"}`)).toBeGreaterThan(
      soon,
    );
    expect(await metric('ca_expiry_timestamp_seconds')).toBeGreaterThan(soon);
  });
});

describe('metrics over TCP', () => {
  it('are the same, on loopback, and nothing else is there', async () => {
    const platform = { metrics: { listen: '127.0.0.1:0' } };
    const proxy = await machine.start(machine.config({ platform }));
    const { port } = proxy.metricsAddress!;
    const get = async (path: string, method = 'GET'): Promise<Answer> => {
      const outgoing = httpRequest({ port, path, method, agent: false });
      const answer = answerTo(outgoing);
      outgoing.end();
      return answer;
    };
    const { status, headers, body } = await get('/metrics');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(body).toContain('proofgate_proxy_workers 2\n');
    expect((await get('/v1/identities')).status).toBe(404);
    expect((await get('/metrics', 'POST')).status).toBe(405);
  });

  it('are served nowhere else', () => {
    for (const listen of ['0.0.0.0:9464', '10.0.0.1:9464', 'localhost:9464', '[::]:9464']) {
      expect(() => machine.config({ platform: { metrics: { listen } } })).toThrow(/loopback/);
    }
  });
});

describe('readiness', () => {
  it('is lost with an identity that expires, and comes back with the next one', async () => {
    const clock = new FakeClock(new Date());
    machine.failQuotes(true);
    const routes = [{ hostname: APP, upstream: upstream.upstream }];
    const proxy = await machine.start(machine.config({ routes }), { clock });
    await waitFor(() => machine.quotes() > 0, SOON);
    expect(await machine.ask('GET', '/readyz')).toEqual({
      status: 503,
      body: { status: 'not_ready', waiting: [APP] },
    });

    machine.failQuotes(false);
    const ready = async (): Promise<boolean> =>
      (await machine.ask('GET', '/readyz')).status === 200;
    await waitFor(async () => {
      await clock.advance(1_000);
      return ready();
    }, SOON);
    expect((await machine.ask('GET', '/readyz')).body).toEqual({ status: 'ready' });
    expect((await askOnce(proxy, APP)).status).toBe(200);

    machine.failQuotes(true);
    await clock.advance(DAY_MS - 3_600_000);
    expect(await ready()).toBe(true);
    await clock.advance(3_600_001);
    const { status, body } = await machine.ask('GET', '/readyz');
    expect(status).toBe(503);
    expect(proxyReadinessSchema.parse(body)).toEqual({ status: 'not_ready', waiting: [APP] });
    await waitFor(() => isRefused(proxy, APP), SOON);
    expect(await metric('unserved_hosts')).toBe(1);
    expect(await metric('identities_total{result="failed"}')).toBeGreaterThan(0);

    machine.failQuotes(false);
    await waitFor(async () => {
      await clock.advance(60_000);
      return ready();
    }, SOON);
    await waitFor(async () => !(await isRefused(proxy, APP)), SOON);
  });

  it('holds while a host is served as it was, until its new identity is made', async () => {
    const proxy = await startServing(APP);
    machine.failQuotes(true);
    await machine.writeCa(await newIntermediary(machine.rootIdentity));
    await proxy.reload(
      machine.config({ routes: [{ hostname: APP, upstream: upstream.upstream }] }),
    );
    expect((await machine.ask('GET', '/readyz')).status).toBe(200);
    const { ca } = stateSummarySchema.parse((await machine.ask('GET', '/v1/state')).body);
    expect(ca?.old).toMatchObject([{ hosts: [APP] }]);
    expect(ca?.old?.[0]?.spkiSha256).not.toBe(ca?.active.spkiSha256);

    machine.failQuotes(false);
    await waitFor(async () => {
      const state = stateSummarySchema.parse((await machine.ask('GET', '/v1/state')).body);
      return state.ca?.old === undefined;
    }, SOON);
    const { identities } = identitiesSchema.parse(
      (await machine.ask('GET', '/v1/identities')).body,
    );
    expect(identities[0]).toMatchObject({ caSpkiSha256: ca?.active.spkiSha256 });
    expect(Date.parse(identities[0]!.renewAt!)).toBeLessThan(Date.parse(identities[0]!.notAfter));
  });
});

describe('a drain', () => {
  it('refuses connections, and finishes every request that has begun', async () => {
    const proxy = await startServing(APP);
    const answers = Array.from({ length: 12 }, () => {
      const outgoing = request(target(proxy.address.port, APP, { path: '/held' }));
      const answer = answerTo(outgoing);
      outgoing.end();
      return answer;
    });
    await waitFor(() => held.length === answers.length, SOON);
    expect(await metric('open_requests')).toBe(answers.length);

    expect(await machine.ask('POST', '/v1/drain')).toEqual({
      status: 202,
      body: { status: 'draining' },
    });
    expect(await machine.ask('GET', '/readyz')).toEqual({
      status: 503,
      body: { status: 'draining' },
    });
    await waitFor(async () => {
      const error = await askOnce(proxy, APP).catch((cause: unknown) => cause);
      return (error as { code?: string }).code === 'ECONNREFUSED';
    }, SOON);
    // Once more is not more.
    expect((await machine.ask('POST', '/v1/drain')).status).toBe(202);
    const served = await metric(OK);
    for (const answer of held) answer.end('at last');
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatchObject({ status: 200, body: 'at last' });
    }
    await waitFor(() => proxy.workerPids.length === 0, SOON);
    expect((await machine.ask('GET', '/healthz')).body).toEqual({ status: 'stopping', workers: 0 });
    // What the workers counted last is not lost with them.
    await waitFor(async () => (await metric(OK)) === served! + answers.length, SOON);
    expect(await metric('worker_deaths_total')).toBe(0);
  });

  it('is refused with content, and by any method but POST', async () => {
    const proxy = await startServing(APP);
    const refused = await machine.ask('POST', '/v1/drain', { now: true });
    expect(refused).toMatchObject({ status: 400, body: { code: 'ERR_PROXY_ADMIN_CONTENT' } });
    expect(await machine.ask('GET', '/v1/drain')).toMatchObject({
      status: 405,
      body: { code: 'ERR_PROXY_ADMIN_METHOD' },
    });
    expect(proxy.health().status).toBe('ok');
  });
});
