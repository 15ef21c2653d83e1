// SPDX-License-Identifier: Apache-2.0
import type { Agent } from 'node:https';
import { waitFor } from '@proofgate/daemon';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../src/index.ts';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { ask, oneConnection, target, type Answer } from './https-client.ts';
import { startMachine, untilReady, type TestMachine } from './test-proxy.ts';

// Each test forks processes, which takes long on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const APP = 'app.example.com';
const OTHER = 'other.example.com';
/** Addresses of loopback; the usual one is left to whatever else asks. */
const NOISY = '127.0.0.2';
const QUIET = '127.0.0.3';
const SOON = { timeoutMs: 8_000 };
/** More than any burst here, however slow the machine is. */
const MANY = 200;
let machine: TestMachine;
let upstream: HttpUpstream;
let agents: Agent[];

beforeEach(async () => {
  machine = await startMachine();
  agents = [];
  upstream = await startHttpUpstream((incoming, outgoing) => {
    incoming.resume().once('end', () => outgoing.end('hello'));
  });
});
afterEach(async () => {
  for (const agent of agents) agent.destroy();
  await machine.close();
  await upstream.close();
});

/** With one worker, so that the numbers are exact. */
async function startWith(limits: object, ofApp: object = {}): Promise<RunningProxy> {
  const proxy = await machine.start(
    machine.config({
      routes: [
        { hostname: APP, upstream: upstream.upstream, limits: ofApp },
        { hostname: OTHER, upstream: upstream.upstream },
      ],
      platform: { workers: 1, limits: { exempt_addresses: ['127.0.0.1'], ...limits } },
    }),
  );
  await untilReady(proxy);
  return proxy;
}

/** A client that keeps one connection. */
function client(
  { address: { port } }: RunningProxy,
  localAddress: string,
  hostname = APP,
): (body?: string) => Promise<Answer> {
  const agent = oneConnection();
  agents.push(agent);
  const method = 'POST';
  return (body = '') => ask(target(port, hostname, { localAddress, agent, method }), body);
}

/** What becomes of one request on a connection of its own. */
async function once(proxy: RunningProxy, localAddress: string, hostname = APP): Promise<unknown> {
  try {
    return (await ask(target(proxy.address.port, hostname, { localAddress }))).status;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

/** The first answer other than 200. */
async function untilRefused(send: () => Promise<Answer>): Promise<Answer> {
  for (let n = 0; n < MANY; n += 1) {
    const answer = await send();
    if (answer.status !== 200) return answer;
  }
  throw new Error(`${String(MANY)} requests were answered`);
}

function expectTooMany(answer: Answer, code: string, retryAfter: string): void {
  expect(answer.status).toBe(429);
  expect(answer.headers['retry-after']).toBe(retryAfter);
  expect(JSON.parse(answer.body)).toMatchObject({ code });
}

async function refusals(code: string): Promise<number> {
  const line = `proofgate_proxy_refusals_total{code="${code}"} `;
  const found = (await machine.metrics()).split('\n').find((one) => one.startsWith(line));
  return Number(found?.slice(line.length));
}

describe('one client address', () => {
  it('opens no more connections at a time than it may', async () => {
    const proxy = await startWith({ connections_per_address: 2 });
    const [first, second] = [client(proxy, NOISY), client(proxy, NOISY)];
    expect([(await first()).status, (await second()).status]).toEqual([200, 200]);
    expect(await once(proxy, NOISY)).toBe('ECONNRESET');
    expect(await once(proxy, QUIET)).toBe(200);
    expect((await first()).status).toBe(200);
    expect(await refusals('ERR_PROXY_TOO_MANY_CONNECTIONS')).toBe(1);
    agents[0]!.destroy();
    await waitFor(async () => (await once(proxy, NOISY)) === 200, SOON);
  });

  it('opens them no faster than it may', async () => {
    const proxy = await startWith({ handshakes_per_address: 1 });
    const results: unknown[] = [];
    while (!results.includes('ECONNRESET') && results.length < MANY) {
      results.push(await once(proxy, NOISY));
    }
    expect(results.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
    expect(results.at(-1)).toBe('ECONNRESET');
    expect(await once(proxy, QUIET)).toBe(200);
    expect(await once(proxy, '127.0.0.1')).toBe(200);
    expect(await refusals('ERR_PROXY_TOO_MANY_HANDSHAKES')).toBe(1);
    await waitFor(async () => (await once(proxy, NOISY)) === 200, SOON);
  });

  it('asks no more often than it may, on any connection, and keeps its connections', async () => {
    const proxy = await startWith({ requests_per_address: 1 });
    const [send, another] = [client(proxy, NOISY), client(proxy, NOISY)];
    expectTooMany(await untilRefused(send), 'ERR_PROXY_TOO_MANY_REQUESTS', '1');
    await untilRefused(another);
    expect(Object.values(agents[0]!.freeSockets).flat()).toHaveLength(1);
    expect(await once(proxy, QUIET)).toBe(200);
    expect(await refusals('ERR_PROXY_TOO_MANY_REQUESTS')).toBe(2);
    await waitFor(async () => (await send()).status === 200, SOON);
  });

  it('sends no more content than it may', async () => {
    const proxy = await startWith({ body_rate_per_address: '4KiB' });
    const send = client(proxy, NOISY);
    const content = 'x'.repeat(16_384);
    const refused = await untilRefused(() => send(content));
    expectTooMany(refused, 'ERR_PROXY_TOO_MUCH_CONTENT', '5');
    expect((await client(proxy, QUIET)(content)).status).toBe(200);
  });
});

describe('all clients of one host', () => {
  it('are bounded as its route says, and those of another are not', async () => {
    const proxy = await startWith({}, { requests_per_host: 1, connections_per_host: 2 });
    const send = client(proxy, QUIET);
    expectTooMany(await untilRefused(send), 'ERR_PROXY_TOO_MANY_REQUESTS', '1');
    await untilRefused(client(proxy, NOISY));
    expect(await once(proxy, NOISY)).toBe('ECONNRESET');
    expect(await once(proxy, NOISY, OTHER)).toBe(200);
    await waitFor(async () => (await send()).status === 200, SOON);
  });
});
