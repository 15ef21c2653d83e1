// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { startRawUpstream, type RawAnswer, type RawUpstream } from './raw-upstream.ts';
import { startWorker, type TestHost, type TestWorker } from './test-worker.ts';
import { exchangeRaw, openTls, readAll } from './tls-client.ts';

const HOST = 'db.example.com';
const SOON = { timeoutMs: 4_000 };
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function setup(
  answer: RawAnswer,
  host: Partial<TestHost> = {},
): Promise<{ worker: TestWorker; upstream: RawUpstream }> {
  const upstream = await startRawUpstream(answer);
  closers.push(() => upstream.close());
  const address = `127.0.0.1:${String(upstream.port)}`;
  const worker = await startWorker([{ hostname: HOST, mode: 'tcp', upstream: address, ...host }]);
  closers.push(() => worker.close());
  return { worker, upstream };
}

describe('a tcp route', () => {
  it('passes bytes unread, both ways', async () => {
    const { worker } = await setup((socket, soFar) =>
      socket.end(Buffer.from(`got ${soFar}`, 'latin1')),
    );
    expect(await exchangeRaw(worker.port, HOST, '\x00GET / nonsense\xff')).toBe(
      'got \x00GET / nonsense\xff',
    );
    const report = await waitFor(() => worker.reports[0], SOON);
    expect(report).toMatchObject({ event: 'tcp-closed', host: HOST, bytesIn: 16, bytesOut: 20 });
  });

  it('keeps one direction open when the other has ended', async () => {
    const { worker, upstream } = await setup(() => undefined);
    const socket = await openTls(worker.port, HOST);
    const rest = readAll(socket);
    socket.end('question');
    const peer = await waitFor(() => upstream.sockets[0], SOON);
    await waitFor(() => peer.readableEnded, SOON);
    expect(upstream.received[0]).toBe('question');
    peer.end('answer');
    expect(await rest).toBe('answer');
  });

  it('delivers everything to a client that reads slowly, after both sides have ended', async () => {
    const total = 16 * 1_048_576;
    const { worker, upstream } = await setup(() => undefined);
    const socket = await openTls(worker.port, HOST);
    socket.pause();
    socket.end('question');
    const peer = await waitFor(() => upstream.sockets[0], SOON);
    await waitFor(() => peer.readableEnded, SOON);
    peer.end(Buffer.alloc(total));
    // Wait until nothing moves any more: the rest is held up by the client.
    let before = -1;
    await waitFor(
      () => {
        const still = peer.bytesWritten === before;
        before = peer.bytesWritten;
        return still;
      },
      { timeoutMs: 4_000, intervalMs: 100 },
    );
    const all = readAll(socket);
    socket.resume();
    expect(await all).toHaveLength(total);
  });

  it('leaves the ALPN protocol to what is inside', async () => {
    const { worker } = await setup(() => undefined);
    const socket = connect({
      host: '127.0.0.1',
      port: worker.port,
      servername: HOST,
      rejectUnauthorized: false,
      ALPNProtocols: ['postgresql'],
    });
    await once(socket, 'secureConnect');
    expect(socket.alpnProtocol).toBe(false);
    socket.destroy();
  });

  it('closes when nothing listens', async () => {
    const { worker, upstream } = await setup(() => undefined);
    await upstream.close();
    expect(await exchangeRaw(worker.port, HOST, 'x')).toBe('');
    const report = await waitFor(() => worker.reports[0], SOON);
    expect(report.code).toBe('ERR_PROXY_UPSTREAM_UNREACHABLE');
  });

  it('closes when nobody sends anything for too long', async () => {
    const { worker } = await setup(() => undefined, { limits: { idleTimeoutMs: 200 } });
    expect(await exchangeRaw(worker.port, HOST, 'x')).toBe('');
  });

  it('closes the client when the upstream breaks off', async () => {
    const { worker } = await setup((socket) => socket.resetAndDestroy());
    expect(await exchangeRaw(worker.port, HOST, 'x')).toBe('');
  });

  it('closes the upstream when the client breaks off', async () => {
    const { worker, upstream } = await setup(() => undefined);
    const socket = await openTls(worker.port, HOST);
    socket.write('x');
    const peer = await waitFor(() => upstream.sockets[0], SOON);
    socket.destroy();
    await waitFor(() => peer.readableEnded || peer.destroyed, SOON);
  });
});
