// SPDX-License-Identifier: Apache-2.0
import { performance } from 'node:perf_hooks';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { parseUpstream } from '@proofgate/api';
import { ProxyError } from '../src/errors.ts';
import type { AccessRecord } from '../src/http/access-log.ts';
import { createHttpFront } from '../src/http/http-front.ts';
import type { LocalAnswer, LocalRequest, LocalResource } from '../src/http/local-resource.ts';
import { createHttp1UpstreamClient } from '../src/upstream/http1-upstream-client.ts';
import { ask, oneConnection, target, type Answer } from './https-client.ts';
import { testIdentity } from './test-identity.ts';
import { TEST_ROUTE_LIMITS, TEST_WORKER_LIMITS } from './test-worker.ts';
import { openTls, readUntil } from './tls-client.ts';
import { testPeers } from './test-clients.ts';

const HOST = 'app.example.com';
const SOON = { timeoutMs: 4_000 };
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Setup {
  readonly port: number;
  readonly log: AccessRecord[];
  post(body: string, method?: string): Promise<Answer>;
}

/** An HTTP front with one resource of its own, and nothing behind it. */
async function setup(
  answer: (request: LocalRequest) => LocalAnswer | Promise<LocalAnswer>,
  more: Partial<LocalResource> = {},
): Promise<Setup> {
  const log: AccessRecord[] = [];
  const monotonicMs = (): number => performance.now();
  const upstreams = createHttp1UpstreamClient({ monotonicMs });
  const { privateKey, chain } = testIdentity(HOST, 0);
  const tls = createTlsServer({ key: privateKey, cert: chain, minVersion: 'TLSv1.3' });
  const upstream = parseUpstream('http://127.0.0.1:1', 'http');
  const route = { hostname: HOST, mode: 'http', workload: 'app', upstream } as const;
  const identity = { id: 'a', workload: 'app', statements: undefined, document: new Uint8Array() };
  const host = { route: { ...route, limits: TEST_ROUTE_LIMITS }, identity, tls };
  const resource: LocalResource = {
    matches: (path) => path === '/own',
    methods: ['POST'],
    maxBodyBytes: 100,
    timeoutMs: 5_000,
    answer,
    ...more,
  };
  const front = createHttpFront({
    limits: TEST_WORKER_LIMITS,
    service: {
      hosts: () => host,
      localResources: [resource],
      maxHeaderCount: 100,
      peers: testPeers(),
      context: {
        upstreams,
        monotonicMs,
        log: (record) => log.push(record),
        nextRequestId: () => 'test-1',
        draining: () => false,
      },
    },
  });
  const accepted = new Set<TLSSocket>();
  tls.on('secureConnection', (socket) => {
    accepted.add(socket);
    front.accept(socket, {
      hostname: HOST,
      identity,
      socket,
      peerAddress: '127.0.0.1',
      idleTimeoutMs: 5_000,
      onTunnel: () => undefined,
    });
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => tls.emit('connection', socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    for (const socket of accepted) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const post = (body: string, method = 'POST'): Promise<Answer> =>
    ask(target(port, HOST, { method, path: '/own' }), body);
  return { port, log, post };
}

const text = (body: string): LocalAnswer => ({
  status: 200,
  headers: ['Content-Type', 'text/plain'],
  body: Buffer.from(body),
});

function codeOf({ body }: Answer): unknown {
  return (JSON.parse(body) as { code: unknown }).code;
}

describe('a resource of the worker itself', () => {
  it('reads the whole content and may take its time', async () => {
    const { post, log } = await setup(async ({ body, target: path, id }) => {
      await new Promise((resolve) => setImmediate(resolve));
      return text(`${id} ${path} ${Buffer.from(body).toString()}`);
    });
    const answer = await post('question');
    expect(answer).toMatchObject({ status: 200, body: 'test-1 /own question' });
    expect(answer.headers).toMatchObject({ 'content-type': 'text/plain', 'content-length': '20' });
    expect(log[0]).toMatchObject({ status: 200, bytesIn: 8, bytesOut: 20 });
  });

  it('is bound to the TLS connection that it was asked on', async () => {
    const { port } = await setup(({ connection }) =>
      text(
        connection.socket
          .exportKeyingMaterial(32, 'EXPORTER-test', Buffer.alloc(0))
          .toString('hex'),
      ),
    );
    const socket = await openTls(port, HOST);
    const answer = readUntil(socket, /\r\n\r\n[0-9a-f]{64}$/);
    socket.write(`POST /own HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 0\r\n\r\n`);
    const own = socket.exportKeyingMaterial(32, 'EXPORTER-test', Buffer.alloc(0)).toString('hex');
    expect((await answer).slice(-64)).toBe(own);
    socket.destroy();
  });

  it('is not given more content than it takes', async () => {
    let asked = 0;
    const { post } = await setup(() => text(String((asked += 1))));
    const answer = await post('x'.repeat(101));
    expect([answer.status, codeOf(answer)]).toEqual([413, 'ERR_PROXY_REQUEST_BODY_TOO_LARGE']);
    expect((await post('x'.repeat(100))).body).toBe('1');
  });

  it('refuses other methods before their content', async () => {
    const { post } = await setup(() => text('no'));
    const answer = await post('body', 'PUT');
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
  });

  it.each([
    [
      'answers with the error that it throws',
      new ProxyError('ERR_PROXY_UPSTREAM_BUSY', 'full'),
      503,
    ],
    ['hides a defect', new TypeError('secret'), 500],
  ])('%s', async (_case, error, status) => {
    const { port, log } = await setup(() => Promise.reject(error));
    const agent = oneConnection();
    const answer = await ask(target(port, HOST, { agent, method: 'POST', path: '/own' }), 'x');
    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain('secret');
    expect(log[0]).toMatchObject({ status, code: codeOf(answer) });
    agent.destroy();
  });

  it('is told when it takes too long, and so is the client', async () => {
    let signal: AbortSignal | undefined;
    const { post } = await setup(
      (request) => {
        signal = request.signal;
        return new Promise<LocalAnswer>(() => undefined);
      },
      { timeoutMs: 200 },
    );
    const answer = await post('x');
    expect([answer.status, codeOf(answer)]).toEqual([503, 'ERR_PROXY_LOCAL_TIMEOUT']);
    expect(signal?.aborted).toBe(true);
  });

  it('is told when the client has gone', async () => {
    let signal: AbortSignal | undefined;
    const { port, log } = await setup((request) => {
      signal = request.signal;
      return new Promise<LocalAnswer>(() => undefined);
    });
    const socket = await openTls(port, HOST);
    socket.write(`POST /own HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 1\r\n\r\nx`);
    await waitFor(() => signal, SOON);
    socket.end();
    await waitFor(() => signal?.aborted, SOON);
    expect(await waitFor(() => log[0], SOON)).toMatchObject({ status: 499 });
    socket.destroy();
  });

  it('gives a client that has ended its side the answer that was on its way', async () => {
    const size = 4_000_000;
    const { port, log } = await setup(() => text('x'.repeat(size)));
    const socket = await openTls(port, HOST);
    socket.pause();
    socket.end(`POST /own HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 1\r\n\r\nx`);
    let received = 0;
    socket.on('data', (chunk: Buffer) => (received += chunk.length)).resume();
    await waitFor(() => received > size, SOON);
    expect(await waitFor(() => log[0], SOON)).toMatchObject({ status: 200, bytesOut: size });
    socket.destroy();
  });
});
