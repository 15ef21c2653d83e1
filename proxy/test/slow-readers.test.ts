// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import type { AccessRecord } from '../src/http/access-log.ts';
import { startHttpUpstream } from './http-upstream.ts';
import { startWorker, type TestHost, type TestWorker } from './test-worker.ts';
import { openTls, readUntil } from './tls-client.ts';

const HOST = 'app.example.com';
const SOON = { timeoutMs: 4_000 };
const IDLE_MS = 300;
/** More than the kernel's buffers of both ends of a loopback connection hold. */
const PIPELINED = 40;
const EVIDENCE = '/.well-known/attestation';
const DOCUMENT = Buffer.alloc(900_000, 'x');
/** Below what makes the worker hold the upstream back. */
const SMALL = Buffer.alloc(10_000, 'x');
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function setup(host: Partial<TestHost> = {}): Promise<TestWorker> {
  const upstream = await startHttpUpstream((incoming, outgoing) => {
    if (incoming.url === '/late') setTimeout(() => outgoing.end('late'), 4 * IDLE_MS);
    else outgoing.end(SMALL);
  });
  closers.push(() => upstream.close());
  const worker = await startWorker([
    {
      hostname: HOST,
      upstream: upstream.upstream,
      document: DOCUMENT,
      limits: { idleTimeoutMs: IDLE_MS },
      ...host,
    },
  ]);
  closers.push(() => worker.close());
  return worker;
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
}

async function sendUnread(worker: TestWorker, requests: string): Promise<TLSSocket> {
  const socket = await openTls(worker.port, HOST);
  socket.pause();
  socket.write(requests);
  closers.push(async () => void socket.destroy());
  return socket;
}

describe('a client that does not read', () => {
  it('is disconnected: large answers', async () => {
    const worker = await setup();
    await sendUnread(worker, get(EVIDENCE).repeat(PIPELINED));
    const record = await waitFor(() => worker.accessLog.find(hasCode), SOON);
    expect(record).toMatchObject({ path: EVIDENCE, code: 'ERR_PROXY_REQUEST_ABORTED' });
  });

  it('is disconnected: many small answers', async () => {
    const worker = await setup();
    const socket = await sendUnread(worker, get('/small'));
    let sent = 1;
    // Few enough at a time for the limit on requests under way.
    const more = setInterval(() => {
      if (worker.accessLog.length < sent - 20) return;
      sent += 30;
      socket.write(get('/small').repeat(30));
    }, 5);
    closers.push(async () => clearInterval(more));
    const record = await waitFor(() => worker.accessLog.find(hasCode), { timeoutMs: 15_000 });
    expect(record).toMatchObject({ path: '/small', code: 'ERR_PROXY_REQUEST_ABORTED' });
  }, 20_000);
});

function hasCode({ code }: AccessRecord): boolean {
  return code !== undefined;
}

describe('a client that reads', () => {
  it('may take longer over its answers than it may stand still', async () => {
    const idleTimeoutMs = 600;
    const worker = await setup({ limits: { idleTimeoutMs } });
    const started = performance.now();
    const socket = await sendUnread(worker, get(EVIDENCE).repeat(PIPELINED));
    let received = 0;
    let allowed = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received >= allowed) socket.pause();
    });
    const pieces = setInterval(() => {
      allowed = received + 200_000;
      socket.resume();
    }, 10);
    closers.push(async () => clearInterval(pieces));
    await waitFor(() => worker.accessLog.length === PIPELINED, { timeoutMs: 20_000 });
    expect(worker.accessLog.filter(hasCode)).toEqual([]);
    expect(performance.now() - started).toBeGreaterThan(1.5 * idleTimeoutMs);
  }, 25_000);

  it('may wait for an answer behind another for as long as the upstream may take', async () => {
    const worker = await setup();
    const socket = await openTls(worker.port, HOST);
    const answers = readUntil(socket, /late$/);
    socket.write(get(EVIDENCE) + get('/late'));
    expect(await answers).toMatch(/late$/);
    socket.destroy();
  });
});
