// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { request } from 'node:https';
import type { IncomingMessage, RequestListener } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Writable } from 'node:stream';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { startHttpUpstream } from './http-upstream.ts';
import { answerTo, ask, oneConnection, target } from './https-client.ts';
import { startWorker } from './test-worker.ts';
import { HOST, WorkerSetups } from './worker-setups.ts';

const SOON = { timeoutMs: 4_000 };
const setups = new WorkerSetups();
afterEach(() => setups.close());

/** Writes zeros and ends, no faster than they are taken. @returns how many bytes have been written so far */
function writeAll(to: Writable, total: number): () => number {
  let written = 0;
  const chunk = Buffer.alloc(65_536);
  const more = (): void => {
    while (written < total) {
      written += chunk.length;
      if (!to.write(chunk)) {
        to.once('drain', more);
        return;
      }
    }
    to.end();
  };
  more();
  return () => written;
}

/** Waits until a number has stopped growing. */
async function standstill(value: () => number): Promise<number> {
  let before = -1;
  const stands = (): boolean => {
    const still = value() === before;
    before = value();
    return still;
  };
  await waitFor(stands, { timeoutMs: 4_000, intervalMs: 100 });
  return before;
}

describe('a request and its answer', () => {
  it('pass through with status, reason, fields and content', async () => {
    const { worker } = await setups.http((incoming, outgoing) => {
      outgoing.writeHead(201, 'Made', ['X-One', '1', 'set-cookie', 'a', 'Set-Cookie', 'b']);
      incoming.pipe(outgoing);
    });
    const answer = await ask(target(worker.port, HOST, { method: 'POST' }), 'hello');
    expect(answer.status).toBe(201);
    expect(answer.body).toBe('hello');
    expect(answer.rawHeaders.slice(0, 6)).toEqual([
      'X-One',
      '1',
      'set-cookie',
      'a',
      'Set-Cookie',
      'b',
    ]);
  });

  it('leave an access log line without query and header values', async () => {
    const { worker } = await setups.http((_incoming, outgoing) => outgoing.end('12345'));
    await ask(target(worker.port, HOST, { path: '/a?secret=1', method: 'POST' }), 'abc');
    const record = await waitFor(() => worker.accessLog[0], SOON);
    expect(record).toMatchObject({
      host: HOST,
      method: 'POST',
      path: '/a',
      status: 200,
      bytesIn: 3,
      bytesOut: 5,
      peer: '127.0.0.1',
    });
    expect(JSON.stringify(record)).not.toContain('secret');
  });

  it('use a pooled upstream connection again', async () => {
    const { worker, upstream } = await setups.http((_incoming, outgoing) => outgoing.end('ok'));
    for (let n = 0; n < 5; n += 1) expect((await ask(target(worker.port, HOST))).body).toBe('ok');
    expect(upstream.connections()).toBe(1);
  });

  it('reach an upstream on a unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'proofgate-proxy-'));
    setups.closers.push(() => rm(directory, { recursive: true }));
    const upstream = await startHttpUpstream(
      (_incoming, outgoing) => outgoing.end('unix'),
      join(directory, 'app.sock'),
    );
    setups.closers.push(() => upstream.close());
    const worker = await startWorker([{ hostname: HOST, upstream: upstream.upstream }]);
    setups.closers.push(() => worker.close());
    expect((await ask(target(worker.port, HOST))).body).toBe('unix');
  });

  it.each([204, 304])('have no content with status %i', async (status) => {
    const { worker } = await setups.http((_incoming, outgoing) => outgoing.writeHead(status).end());
    const agent = oneConnection();
    for (let n = 0; n < 2; n += 1) {
      const answer = await ask(target(worker.port, HOST, { agent }));
      expect(answer).toMatchObject({ status, body: '' });
      expect(answer.headers['transfer-encoding']).toBeUndefined();
    }
    agent.destroy();
  });

  it('keep the length in the answer to HEAD', async () => {
    const { worker } = await setups.http((_incoming, outgoing) =>
      outgoing.writeHead(200, { 'Content-Length': 1234 }).end(),
    );
    const agent = oneConnection();
    for (let n = 0; n < 2; n += 1) {
      const answer = await ask(target(worker.port, HOST, { method: 'HEAD', agent }));
      expect(answer).toMatchObject({ status: 200, body: '' });
      expect(answer.headers['content-length']).toBe('1234');
    }
    agent.destroy();
  });

  it('carry trailers', async () => {
    const { worker } = await setups.http((incoming, outgoing) => {
      incoming.resume().on('end', () => {
        outgoing.writeHead(200, { Trailer: 'X-Sum' });
        outgoing.write('body');
        outgoing.addTrailers({
          'X-Sum': String(incoming.trailers['x-in']),
          'X-Proofgate-Peer-Id': 'evil',
        });
        outgoing.end();
      });
    });
    const outgoing = request(
      target(worker.port, HOST, { method: 'POST', headers: { Trailer: 'X-In' } }),
    );
    const answer = answerTo(outgoing);
    outgoing.write('x');
    outgoing.addTrailers({ 'X-In': '7' });
    outgoing.end();
    expect((await answer).trailers).toEqual({ 'x-sum': '7' });
  });

  it('carry no identity fields of the upstream', async () => {
    const { worker } = await setups.http((_incoming, outgoing) => {
      outgoing.writeHead(200, {
        'X-Proofgate-Peer-Id': 'evil',
        X_Privasys_Peer_Verified: 'evil',
        Connection: 'X-Hop',
        'X-Hop': 'evil',
      });
      outgoing.end('ok');
    });
    const answer = await ask(target(worker.port, HOST));
    expect(answer.body).toBe('ok');
    expect(JSON.stringify(answer.rawHeaders)).not.toContain('evil');
  });

  it('stream both ways as the bytes come', async () => {
    const { worker } = await setups.http((incoming, outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
      incoming.on('data', (chunk: Buffer) => outgoing.write(`data: ${chunk.toString()}\n\n`));
      incoming.on('end', () => outgoing.end());
    });
    const outgoing = request(target(worker.port, HOST, { method: 'POST' }));
    outgoing.flushHeaders();
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    for (const word of ['one', 'two', 'three']) {
      outgoing.write(word);
      const [chunk] = (await once(incoming, 'data')) as [Buffer];
      expect(chunk.toString()).toBe(`data: ${word}\n\n`);
    }
    outgoing.end();
    await once(incoming, 'end');
  });

  it('hold the client back when the upstream does not read', async () => {
    const total = 64 * 1_048_576;
    let pending: IncomingMessage | undefined;
    const listener: RequestListener = (incoming, outgoing) => {
      pending = incoming;
      incoming.on('end', () => outgoing.end('all read'));
    };
    const { worker } = await setups.http(listener, { limits: { bodyBytes: total } });
    const headers = { 'Content-Length': String(total) };
    const outgoing = request(target(worker.port, HOST, { method: 'POST', headers }));
    const answer = answerTo(outgoing);
    const written = writeAll(outgoing, total);
    const incoming = await waitFor(() => pending, SOON);
    expect(await standstill(written)).toBeLessThan(total / 2);
    incoming.resume();
    expect((await answer).body).toBe('all read');
  });

  it('hold the upstream back when the client does not read', async () => {
    const total = 64 * 1024 * 1024;
    let written = (): number => 0;
    const { worker } = await setups.http((_incoming, outgoing) => {
      written = writeAll(outgoing, total);
    });
    const outgoing = request(target(worker.port, HOST));
    outgoing.end();
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(await standstill(written)).toBeLessThan(total / 2);
    let received = 0;
    incoming.on('data', (chunk: Buffer) => (received += chunk.length));
    await once(incoming, 'end');
    expect(received).toBe(total);
  });
});
