// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect as tcpConnect, createServer, type AddressInfo } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
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

interface HeldHandshake {
  readonly client: TLSSocket;
  /** Lets the client's side of the handshake end. */
  release(): void;
}

/** A client whose ClientHello arrives, and nothing after it until that is released. */
async function holdHandshake(worker: TestWorker): Promise<HeldHandshake> {
  const toWorker = tcpConnect(worker.port, '127.0.0.1');
  toWorker.on('error', () => undefined);
  const held: Buffer[] = [];
  let released = false;
  const relay = createServer((fromClient) => {
    fromClient.on('error', () => undefined);
    fromClient.once('data', (hello: Buffer) => {
      toWorker.write(hello);
      fromClient.on('data', (chunk: Buffer) => {
        if (released) toWorker.write(chunk);
        else held.push(chunk);
      });
    });
    toWorker.pipe(fromClient);
    toWorker.once('close', () => fromClient.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    toWorker.destroy();
    await new Promise((resolve) => relay.close(resolve));
  });
  const client = await openTls((relay.address() as AddressInfo).port, HOST);
  await waitFor(() => held.length > 0, SOON);
  return {
    client,
    release: () => {
      released = true;
      toWorker.write(Buffer.concat(held));
    },
  };
}

describe('a tcp route that changes during a handshake', () => {
  const setupTwo = async (): Promise<{
    worker: TestWorker;
    former: string;
    other: string;
  }> => {
    const { worker, upstream } = await setup((socket) => socket.end('old'));
    const next = await startRawUpstream((socket) => socket.end('new'));
    closers.push(() => next.close());
    return {
      worker,
      former: `127.0.0.1:${String(upstream.port)}`,
      other: `127.0.0.1:${String(next.port)}`,
    };
  };

  it('gives the connection to the new address of the same workload', async () => {
    const { worker, other } = await setupTwo();
    const { client, release } = await holdHandshake(worker);
    worker.apply([{ hostname: HOST, mode: 'tcp', upstream: other, generation: 1 }]);
    const answer = readAll(client);
    client.write('x');
    release();
    expect(await answer).toBe('new');
  });

  it('gives the connection to the workload that its leaf names, while that one retires', async () => {
    const { worker, former, other } = await setupTwo();
    const { client, release } = await holdHandshake(worker);
    const host = { hostname: HOST, mode: 'tcp', upstream: other } as const;
    const retiring = { workload: 'app', upstream: former };
    worker.apply([{ ...host, workload: 'another', retiring, generation: 1 }]);
    const answer = readAll(client);
    client.write('x');
    release();
    expect(await answer).toBe('old');
    expect(await exchangeRaw(worker.port, HOST, 'x')).toBe('new');
  });

  it.each<[string, (other: string) => TestHost[]]>([
    [
      'another workload',
      (upstream) => [{ hostname: HOST, mode: 'tcp', upstream, workload: 'another', generation: 1 }],
    ],
    [
      'another mode',
      (upstream) => [{ hostname: HOST, upstream: `http://${upstream}`, generation: 1 }],
    ],
    ['nothing', () => []],
  ])('closes the connection when it is %s now', async (_case, next) => {
    const { worker, other } = await setupTwo();
    const { client, release } = await holdHandshake(worker);
    worker.apply(next(other));
    const answer = readAll(client);
    client.write('x');
    release();
    expect(await answer).toBe('');
    expect(worker.reports).toMatchObject([
      { event: 'tcp-closed', host: HOST, code: 'ERR_PROXY_REQUEST_MISDIRECTED', bytesIn: 0 },
    ]);
  });
});

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
