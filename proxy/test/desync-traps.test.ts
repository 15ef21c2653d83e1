// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { startHttpUpstream } from './http-upstream.ts';
import { ask, oneConnection, target } from './https-client.ts';
import { startRawUpstream, type RawAnswer, type RawUpstream } from './raw-upstream.ts';
import { startWorker, type TestWorker } from './test-worker.ts';
import { openTls, readUntil } from './tls-client.ts';

/*
 * Ways in which a forwarder loses count of whose bytes are whose. Each has happened to some proxy.
 */

const HOST = 'app.example.com';
const SOON = { timeoutMs: 4_000 };
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** One connection to the upstream at most, so that a mistake on it meets the next request. */
async function setup(
  answer: RawAnswer,
  maxSockets = 1,
): Promise<{ worker: TestWorker; upstream: RawUpstream }> {
  const upstream = await startRawUpstream(answer);
  closers.push(() => upstream.close());
  const hosts = [{ hostname: HOST, upstream: upstream.upstream }];
  const worker = await startWorker(hosts, {}, { maxSockets });
  closers.push(() => worker.close());
  return { worker, upstream };
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
}

function sum(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('an upstream that answers before it has the whole request', () => {
  it('is not given the next request on that connection', async () => {
    const { worker, upstream } = await setup((socket, soFar) => {
      if (soFar.startsWith('POST') && soFar.split(OK).length === 1) socket.write(OK);
      else if (soFar.endsWith('\r\n\r\n')) socket.write(OK);
    });
    const socket = await openTls(worker.port, HOST);
    const first = readUntil(socket, /ok$/);
    socket.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 10\r\n\r\nhello`);
    await first;
    const second = readUntil(socket, /ok$/);
    socket.write(`world${get('/next')}`);
    await second;
    expect(upstream.received).toHaveLength(2);
    expect(upstream.received[1]).toMatch(/^GET \/next /);
    socket.destroy();
  });
});

describe('a connection that was held back when its answer ended', () => {
  it('serves the next request', async () => {
    const size = 4 * 1_048_576;
    const { worker } = await setup((socket, soFar) => {
      if (soFar.endsWith('GET /next HTTP/1.1\r\n') || !soFar.endsWith('\r\n\r\n')) return;
      if (soFar.includes('GET /next')) socket.write(OK);
      else {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(size)}\r\n\r\n`);
        socket.write(Buffer.alloc(size, 'x'));
      }
    });
    const slow = await openTls(worker.port, HOST);
    slow.pause();
    slow.write(get('/big'));
    // The other client waits for the only connection, which the slow one frees by reading.
    const next = ask(target(worker.port, HOST, { path: '/next' }));
    let received = 0;
    slow.on('data', (chunk: Buffer) => {
      received += chunk.length;
      slow.pause();
      setImmediate(() => slow.resume());
    });
    slow.resume();
    expect((await next).body).toBe('ok');
    await waitFor(() => received > size, SOON);
    slow.destroy();
  });
});

describe('a client that breaks off a download', () => {
  it('does not leave its connection to the next request', async () => {
    const { worker, upstream } = await setup((socket, soFar) => {
      if (soFar.includes('/next')) socket.write(OK);
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\npart');
    });
    const outgoing = request(target(worker.port, HOST, { path: '/big' }));
    outgoing.on('error', () => undefined);
    outgoing.end();
    await once(outgoing, 'response');
    outgoing.destroy();
    await waitFor(() => worker.accessLog.length === 1, SOON);
    expect((await ask(target(worker.port, HOST, { path: '/next' }))).body).toBe('ok');
    expect(upstream.sockets).toHaveLength(2);
  });
});

describe('bytes that were read into shared memory', () => {
  it('reach a client that reads slowly as they were, while others are served', async () => {
    const content = Buffer.alloc(3_000_000);
    for (let at = 0; at < content.length; at += 4) content.writeUInt32LE(at, at);
    const upstream = await startHttpUpstream((incoming, outgoing) => {
      const chunked = incoming.url === '/chunked';
      if (!chunked) outgoing.setHeader('Content-Length', content.length);
      outgoing.end(incoming.url === '/noise' ? Buffer.alloc(content.length, 0xff) : content);
    });
    closers.push(() => upstream.close());
    const worker = await startWorker([{ hostname: HOST, upstream: upstream.upstream }]);
    closers.push(() => worker.close());
    const read = async (path: string): Promise<string> => {
      const outgoing = request(target(worker.port, HOST, { path }));
      outgoing.end();
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of incoming as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        if (chunks.length % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      return sum(Buffer.concat(chunks));
    };
    const paths = ['/length', '/noise', '/chunked', '/noise', '/length', '/chunked'];
    const sums = await Promise.all(paths.map(read));
    const right = sum(content);
    const noise = sum(Buffer.alloc(content.length, 0xff));
    expect(sums).toEqual([right, noise, right, noise, right, right]);
  });
});

describe('requests that are sent ahead', () => {
  it('are sent on one at a time, however they are cut into pieces', async () => {
    const open: string[] = [];
    const { worker, upstream } = await setup((socket, soFar) => {
      if (!soFar.endsWith('\r\n\r\n') && !soFar.endsWith('body')) return;
      const count = (soFar.match(/ HTTP\/1\.1\r\n/g) ?? []).length;
      open.push(String(count));
      setImmediate(() => socket.write(OK));
    });
    const post = `POST /b HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 4\r\n\r\nbody`;
    const bytes = get('/a') + post + get('/c') + post + get('/e');
    const socket = await openTls(worker.port, HOST);
    const all = readUntil(socket, /(?:HTTP[^]*ok){5}$/);
    for (let at = 0; at < bytes.length; at += 7) {
      socket.write(bytes.slice(at, at + 7));
      if (at % 70 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await all;
    expect(open).toEqual(['1', '2', '3', '4', '5']);
    expect(upstream.received).toHaveLength(1);
    socket.destroy();
  });
});

describe('more than one answer to a request', () => {
  it.each([
    ['together with the first', `${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`],
    [
      'of an answer that has no content',
      `HTTP/1.1 204 No Content\r\n\r\n${OK.replace('ok', 'no')}`,
    ],
  ])('does not become the answer to the next one: %s', async (_case, bytes) => {
    const { worker, upstream } = await setup((socket, soFar) => {
      socket.write(soFar.includes('/next') ? OK : bytes);
    });
    const agent = oneConnection();
    // Waits for the only connection while the first request is answered.
    const both = await Promise.all([
      ask(target(worker.port, HOST, { agent })),
      ask(target(worker.port, HOST, { path: '/next' })),
    ]);
    expect(both[1].body).toBe('ok');
    expect(upstream.sockets).toHaveLength(2);
    agent.destroy();
  });
});
