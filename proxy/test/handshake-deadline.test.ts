// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect as tcpConnect, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import type { TestWorker } from './test-worker.ts';
import { HOST, WorkerSetups } from './worker-setups.ts';
import type { WorkerLimits } from '../src/worker/worker.ts';

const SOON = { timeoutMs: 4_000 };
const setups = new WorkerSetups();
afterEach(() => setups.close());

async function setup(limits: Partial<WorkerLimits> = {}): Promise<TestWorker> {
  return (await setups.http((_incoming, outgoing) => outgoing.end('ok'), {}, limits)).worker;
}

function dial(worker: TestWorker, options: ConnectionOptions): TLSSocket {
  return connect({ host: '127.0.0.1', port: worker.port, rejectUnauthorized: false, ...options });
}

async function dialTcp(worker: TestWorker): Promise<Socket> {
  const socket = tcpConnect(worker.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Everything that comes back until the connection is closed. */
async function readToEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks);
}

/** A hello that a server answers, and waits for what comes next. */
async function genuineHello(): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, servername: HOST });
  client.on('error', () => undefined);
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const [hello] = (await once(accepted, 'data')) as [Buffer];
  client.destroy();
  await new Promise((resolve) => server.close(resolve));
  return hello;
}

describe('the deadline of the handshake', () => {
  it('closes a connection that stops in the middle of the handshake', async () => {
    const worker = await setup({ handshakeTimeoutMs: 300 });
    const hello = await genuineHello();
    const socket = await dialTcp(worker);
    socket.write(hello);
    await readToEnd(socket);
    await waitFor(() => worker.reports.length > 0, SOON);
    expect(worker.reports).toMatchObject([{ event: 'handshake-failed' }]);
  });

  it('runs from accept, not anew after the hello', async () => {
    const worker = await setup({ handshakeTimeoutMs: 1_000 });
    const hello = await genuineHello();
    const socket = await dialTcp(worker);
    const started = performance.now();
    socket.write(hello.subarray(0, 10));
    const late = setTimeout(() => socket.write(hello.subarray(10)), 700);
    await readToEnd(socket);
    clearTimeout(late);
    expect(performance.now() - started).toBeLessThan(1_600);
    await waitFor(() => worker.reports.length > 0, SOON);
    expect(worker.reports).toMatchObject([{ event: 'handshake-failed' }]);
  });

  it('is over when the handshake is', async () => {
    const worker = await setup({ handshakeTimeoutMs: 300 });
    const socket = dial(worker, { servername: HOST });
    await once(socket, 'secureConnect');
    await new Promise((resolve) => setTimeout(resolve, 600));
    const answer = once(socket, 'data');
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    expect(String(await answer)).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    socket.destroy();
  });
});
