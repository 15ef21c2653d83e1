// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@proofgate/daemon';
import { afterEach, describe, expect, it } from 'vitest';
import { startHttpUpstream } from './http-upstream.ts';
import { startRawUpstream, type RawAnswer, type RawUpstream } from './raw-upstream.ts';
import { ask, target } from './https-client.ts';
import { startWorker, type TestWorker } from './test-worker.ts';
import { exchangeRaw } from './tls-client.ts';
import { UPSTREAM_IDLE_MS } from '../src/upstream/http1-upstream-connection.ts';
import type { PoolLimits } from '../src/upstream/upstream-pool.ts';

const HOST = 'app.example.com';
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function setup(
  answer: RawAnswer,
  options: Partial<PoolLimits> = {},
): Promise<{ worker: TestWorker; upstream: RawUpstream }> {
  const upstream = await startRawUpstream(answer);
  closers.push(() => upstream.close());
  const worker = await startWorker([{ hostname: HOST, upstream: upstream.upstream }], {}, options);
  closers.push(() => worker.close());
  return { worker, upstream };
}

async function codeOf(
  worker: TestWorker,
  method = 'GET',
  body?: string,
): Promise<[number, unknown]> {
  const answer = await ask(target(worker.port, HOST, { method }), body);
  return [answer.status, (JSON.parse(answer.body) as { code: unknown }).code];
}

describe('an upstream that fails', () => {
  it('is a 502 when nothing listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const worker = await startWorker([
      { hostname: HOST, upstream: `http://127.0.0.1:${String(port)}` },
    ]);
    closers.push(() => worker.close());
    expect(await codeOf(worker)).toEqual([502, 'ERR_PROXY_UPSTREAM_UNREACHABLE']);
  });

  it('is a 502 when it closes without an answer', async () => {
    const { worker } = await setup((socket) => socket.destroy());
    expect(await codeOf(worker)).toEqual([502, 'ERR_PROXY_UPSTREAM_CLOSED']);
  });

  it('is a 502 when it closes in the middle of the head', async () => {
    const { worker } = await setup((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Le'));
    expect((await codeOf(worker))[0]).toBe(502);
  });

  it.each([
    ['something else than HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'another transfer coding',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a bare LF in its head', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    ['a head above its limit', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(40_000)}\r\n\r\n`],
  ])('is a 502 when it answers with %s', async (_case, response) => {
    const { worker } = await setup((socket) => socket.write(response));
    expect(await codeOf(worker)).toEqual([502, 'ERR_PROXY_UPSTREAM_INVALID']);
  });

  it('is a 502 when it switches protocols unasked', async () => {
    const { worker } = await setup((socket) =>
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n',
      ),
    );
    expect((await codeOf(worker))[0]).toBe(502);
  });

  it('breaks off the answer when it breaks off its content', async () => {
    const { worker } = await setup((socket) =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort'),
    );
    await expect(ask(target(worker.port, HOST))).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('is a 503 when too many requests wait for it on a unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'proofgate-'));
    closers.push(() => rm(folder, { recursive: true }));
    const upstream = await startHttpUpstream(() => undefined, join(folder, 'app.sock'));
    closers.push(() => upstream.close());
    const worker = await startWorker(
      [{ hostname: HOST, upstream: upstream.upstream }],
      {},
      { maxSockets: 1, maxWaiting: 1 },
    );
    closers.push(() => worker.close());
    const all = ['a', 'b', 'c'].map(async () =>
      codeOf(worker).catch((): [number, unknown] => [0, undefined]),
    );
    expect(await Promise.race(all)).toEqual([503, 'ERR_PROXY_UPSTREAM_BUSY']);
    await worker.close();
    await Promise.all(all);
  });

  it('has room again after requests have ended, however they ended', async () => {
    const { worker } = await setup(
      (socket, soFar) => {
        if (soFar.startsWith('GET /break')) socket.destroy();
        else if (soFar.includes('GET /bad')) socket.write('nonsense\r\n\r\n');
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      },
      { maxSockets: 1, maxWaiting: 0 },
    );
    const statuses: number[] = [];
    for (const path of ['/', '/', '/bad', '/break', '/bad', '/']) {
      statuses.push((await ask(target(worker.port, HOST, { path }))).status);
    }
    expect(statuses).toEqual([200, 200, 502, 502, 502, 200]);
  });

  it('is a 503 when too many requests wait for it', async () => {
    const { worker } = await setup(() => undefined, { maxSockets: 1, maxWaiting: 0 });
    const first = ask(target(worker.port, HOST)).catch(() => undefined);
    const [status, code] = await codeOf(worker);
    expect([status, code]).toEqual([503, 'ERR_PROXY_UPSTREAM_BUSY']);
    await worker.close();
    await first;
  });
});

describe('content that ends with the connection', () => {
  const untilClose: RawAnswer = (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it');

  it('is chunked for an HTTP/1.1 client', async () => {
    const { worker } = await setup(untilClose);
    const answer = await ask(target(worker.port, HOST));
    expect(answer.body).toBe('all of it');
    expect(answer.headers['transfer-encoding']).toBe('chunked');
  });

  it('ends with the connection for an HTTP/1.0 client', async () => {
    const { worker } = await setup(untilClose);
    const text = await exchangeRaw(worker.port, HOST, `GET / HTTP/1.0\r\nHost: ${HOST}\r\n\r\n`);
    expect(text).toMatch(/\r\n\r\nall of it$/);
    expect(text).not.toMatch(/transfer-encoding/i);
  });

  it('loses its chunks for an HTTP/1.0 client', async () => {
    const { worker } = await setup((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'),
    );
    const text = await exchangeRaw(worker.port, HOST, `GET / HTTP/1.0\r\nHost: ${HOST}\r\n\r\n`);
    expect(text).toMatch(/\r\n\r\nabc$/);
  });
});

describe('a pooled connection that has become useless', () => {
  /** Answers the first request of its first connection, then cuts each connection at its next request. */
  const cutAtSecondRequest: RawAnswer = (socket, soFar, index) => {
    const requests = soFar.split('\r\n\r\n').length - 1;
    if (index === 0 && requests === 2) socket.resetAndDestroy();
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  };

  it('is replaced for a GET', async () => {
    const { worker, upstream } = await setup(cutAtSecondRequest);
    expect((await ask(target(worker.port, HOST))).body).toBe('ok');
    expect((await ask(target(worker.port, HOST))).body).toBe('ok');
    expect(upstream.sockets).toHaveLength(2);
  });

  it('is not tried twice for a POST, which may have been acted on', async () => {
    const { worker, upstream } = await setup(cutAtSecondRequest);
    expect((await ask(target(worker.port, HOST))).body).toBe('ok');
    expect(await codeOf(worker, 'POST')).toEqual([502, 'ERR_PROXY_UPSTREAM_CLOSED']);
    expect(upstream.sockets).toHaveLength(1);
  });

  it('does not answer the next request with bytes that nobody asked for', async () => {
    const { worker, upstream } = await setup((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    );
    expect((await ask(target(worker.port, HOST))).body).toBe('ok');
    const [first] = upstream.sockets;
    first!.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    // Well before the connection would be closed for being idle.
    await waitFor(() => first!.readableEnded || first!.destroyed, {
      timeoutMs: UPSTREAM_IDLE_MS / 2,
    });
    expect((await ask(target(worker.port, HOST))).body).toBe('ok');
    expect(upstream.sockets).toHaveLength(2);
  });

  it('is not tried twice for a POST, which may have been acted on', async () => {
    const { worker, upstream } = await setup(cutAtSecondRequest);
    expect((await ask(target(worker.port, HOST))).body).toBe('ok');
    expect(await codeOf(worker, 'POST')).toEqual([502, 'ERR_PROXY_UPSTREAM_CLOSED']);
    expect(upstream.sockets).toHaveLength(1);
  });

  it('does not answer the next request with bytes that nobody asked for', async () => {
    const { worker, upstream } = await setup((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    );
    expect((await ask(target(worker.port, HOST))).body).toBe('ok');
    const [first] = upstream.sockets;
    first!.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    // The proxy has read them when it closes the connection.
    await waitFor(() => first!.readableEnded || first!.destroyed, { timeoutMs: 4_000 });
    expect((await ask(target(worker.port, HOST))).body).toBe('ok');
    expect(upstream.sockets).toHaveLength(2);
  });
});

describe('a response with very many fields', () => {
  it('keeps all of them', async () => {
    const fields = Array.from({ length: 1_500 }, (_, n) => `x${String(n)}: 1\r\n`).join('');
    const { worker } = await setup((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${fields}\r\nok`),
    );
    const request = `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
    const text = await exchangeRaw(worker.port, HOST, request);
    expect(text.match(/^x\d+: 1\r$/gm)).toHaveLength(1_500);
  });
});
