// SPDX-License-Identifier: Apache-2.0
import { createServer, type Server } from 'node:https';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeAll, expect, test } from 'vitest';
import {
  createBenchPki,
  payload,
  payloadHandler,
  runLoad,
  type BenchPki,
  type LoadPlan,
} from '@proofgate/bench';

const HOSTNAME = 'bench.localhost';

let pki: BenchPki;
const servers: Server[] = [];

beforeAll(async () => {
  pki = await createBenchPki([HOSTNAME], new Date());
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

interface Started {
  plan: LoadPlan;
  server: Server;
  connections: () => number;
}

async function start(handler: RequestListener, plan: Partial<LoadPlan> = {}): Promise<Started> {
  const server = createServer({ cert: pki.leaf.certificate, key: pki.leaf.key }, handler);
  servers.push(server);
  let connections = 0;
  server.on('secureConnection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    connections: () => connections,
    plan: {
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      servername: HOSTNAME,
      ca: pki.root,
      path: '/bytes/1000',
      expectedBody: payload(1000),
      connections: 4,
      mode: 'keep-alive',
      until: { requests: 100 },
      ...plan,
    },
  };
}

test('makes exactly as many requests as asked for, on as many connections', async () => {
  const { plan, connections } = await start(payloadHandler());
  const result = await runLoad(plan);
  expect(result).toMatchObject({ requests: 100, errors: 0, errorKinds: {} });
  expect(connections()).toBe(4);
  expect(result.latency.p50).toBeGreaterThan(0);
  expect(result.latency.p99).toBeGreaterThanOrEqual(result.latency.p50);
  expect(result.latency.max).toBeGreaterThanOrEqual(result.latency.p99);
  expect(result.requestsPerSecond).toBeCloseTo(100_000 / result.elapsedMs);
});

test('makes a handshake for each request in the other mode', async () => {
  const { plan, connections } = await start(payloadHandler(), { mode: 'new-connection' });
  expect(await runLoad({ ...plan, until: { requests: 20 } })).toMatchObject({
    requests: 20,
    errors: 0,
  });
  expect(connections()).toBe(20);
});

test('stops after the time', async () => {
  const { plan } = await start(payloadHandler(), { until: { milliseconds: 50 } });
  const result = await runLoad(plan);
  expect(result.errors).toBe(0);
  expect(result.requests).toBeGreaterThan(0);
  expect(result.elapsedMs).toBeGreaterThanOrEqual(50);
});

test('reads chunked bodies and bodies of many segments', async () => {
  const text = payload(300_000);
  const { plan } = await start((_, response) => {
    response.write(text.slice(0, 5));
    response.end(text.slice(5));
  });
  const result = await runLoad({ ...plan, expectedBody: text, until: { requests: 8 } });
  expect(result).toMatchObject({ requests: 8, errors: 0 });
});

test('counts a wrong body, another status and a cut connection as errors', async () => {
  let request = 0;
  const { plan } = await start((_, response) => {
    request += 1;
    if (request === 1) response.end('wrong');
    else if (request === 2) response.writeHead(503, { 'content-length': 0 }).end();
    else if (request === 3) response.socket?.destroy();
    else response.end(payload(1000));
  });
  const result = await runLoad({ ...plan, connections: 1, until: { requests: 5 } });
  expect(result).toMatchObject({ requests: 2, errors: 3 });
  expect(Object.keys(result.errorKinds).sort()).toEqual([
    'body is not the expected one',
    'connection closed',
    'status 503',
  ]);
});

test('a certificate of someone else is an error', async () => {
  const { plan } = await start(payloadHandler());
  const other = await createBenchPki([HOSTNAME], new Date());
  const result = await runLoad({ ...plan, ca: other.root, until: { requests: 4 } });
  expect(result).toMatchObject({ requests: 0, errors: 4 });
});

test('gives up on a dead port', async () => {
  const { plan, server } = await start(payloadHandler());
  server.close();
  await once(server, 'close');
  const result = await runLoad({ ...plan, until: { milliseconds: 60_000 } });
  expect(result.requests).toBe(0);
  expect(result.errors).toBeGreaterThanOrEqual(1000);
});
