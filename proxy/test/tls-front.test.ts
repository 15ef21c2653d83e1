// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect as tcpConnect, type AddressInfo, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { clientHello, handshakeRecords } from './client-hello-bytes.ts';
import { startHttpUpstream } from './http-upstream.ts';
import { ask, oneConnection, target } from './https-client.ts';
import type { TestWorker } from './test-worker.ts';
import { HOST, WorkerSetups } from './worker-setups.ts';
import { createTlsFront } from '../src/tls/tls-front.ts';
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

async function handshakeError(worker: TestWorker, options: ConnectionOptions): Promise<string> {
  const [error] = (await once(dial(worker, options), 'error')) as [Error & { code: string }];
  return error.code;
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

function alert(description: number): Buffer {
  return Buffer.from([21, 3, 3, 0, 2, 2, description]);
}

describe('the name that a client asks for', () => {
  it('is served when it is known, in any case', async () => {
    const worker = await setup();
    expect((await ask(target(worker.port, HOST))).body).toBe('ok');
    const socket = dial(worker, { servername: 'APP.Example.com' });
    await once(socket, 'secureConnect');
    socket.write(`GET / HTTP/1.1\r\nHost: App.example.COM\r\nConnection: close\r\n\r\n`);
    expect((await readToEnd(socket)).toString()).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  });

  it('is refused with unrecognized_name when it is unknown or missing', async () => {
    const worker = await setup();
    expect(await handshakeError(worker, { servername: 'other.example.com' })).toBe(
      'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
    );
    expect(await handshakeError(worker, {})).toBe('ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
    expect(worker.reports).toMatchObject([
      { event: 'hello-refused', reason: 'unknown name', host: 'other.example.com' },
      { event: 'hello-refused', reason: 'unknown name', host: '' },
    ]);
  });

  it('is served from the moment its identity is there, and until it is gone', async () => {
    const worker = await setup();
    const upstream = await startHttpUpstream((_incoming, outgoing) => outgoing.end('second'));
    setups.closers.push(() => upstream.close());
    const second = 'second.example.com';
    expect(await handshakeError(worker, { servername: second })).toBe(
      'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
    );
    worker.apply([{ hostname: second, upstream: upstream.upstream }]);
    expect((await ask(target(worker.port, second))).body).toBe('second');
    expect(await handshakeError(worker, { servername: HOST })).toBe(
      'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
    );
  });
});

describe('TLS', () => {
  it('is 1.3 and nothing older', async () => {
    const worker = await setup();
    expect(await handshakeError(worker, { servername: HOST, maxVersion: 'TLSv1.2' })).toMatch(
      /PROTOCOL_VERSION/,
    );
    const socket = dial(worker, { servername: HOST });
    await once(socket, 'secureConnect');
    expect(socket.getProtocol()).toBe('TLSv1.3');
    socket.destroy();
  });

  it.each([
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1', 'h2'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [undefined, false],
  ])('chooses among %j by ALPN', async (offered, chosen) => {
    const worker = await setup();
    const ALPNProtocols = offered === undefined ? {} : { ALPNProtocols: offered };
    const socket = dial(worker, { servername: HOST, ...ALPNProtocols });
    await once(socket, 'secureConnect');
    expect(socket.alpnProtocol).toBe(chosen);
    socket.destroy();
  });

  it('refuses a client that speaks neither HTTP/1.1 nor HTTP/2', async () => {
    const worker = await setup();
    expect(await handshakeError(worker, { servername: HOST, ALPNProtocols: ['h3'] })).toMatch(
      /NO_APPLICATION_PROTOCOL/,
    );
  });

  it('never resumes a session: every connection shows its certificate', async () => {
    const worker = await setup();
    let session: Buffer | undefined;
    const first = dial(worker, { servername: HOST });
    first.on('session', (ticket: Buffer) => (session = ticket));
    await once(first, 'secureConnect');
    first.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await once(first, 'data');
    first.destroy();
    const second = dial(worker, {
      servername: HOST,
      ...(session === undefined ? {} : { session }),
    });
    await once(second, 'secureConnect');
    expect(second.isSessionReused()).toBe(false);
    expect(second.getPeerCertificate().raw).toBeInstanceOf(Buffer);
    second.destroy();
  });

  it('gives new connections the new identity and leaves the old ones alone', async () => {
    const worker = await setup();
    const upstream = await startHttpUpstream((_incoming, outgoing) => outgoing.end('ok'));
    setups.closers.push(() => upstream.close());
    const fingerprint = async (): Promise<string> => {
      const socket = dial(worker, { servername: HOST });
      await once(socket, 'secureConnect');
      const found = socket.getPeerCertificate().fingerprint256;
      socket.destroy();
      return found;
    };
    const agent = oneConnection();
    expect((await ask(target(worker.port, HOST, { agent }))).status).toBe(200);
    const before = await fingerprint();
    expect(await fingerprint()).toBe(before);
    worker.apply([{ hostname: HOST, upstream: upstream.upstream, generation: 1 }]);
    expect(await fingerprint()).not.toBe(before);
    expect((await ask(target(worker.port, HOST, { agent }))).status).toBe(200);
    agent.destroy();
  });
});

describe('what is not a ClientHello', () => {
  it.each([
    ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 50],
    ['garbage', Buffer.alloc(3_000, 0xff), 50],
    [
      'a hello with a duplicate extension',
      handshakeRecords(
        clientHello({
          extensions: [
            [9, Buffer.alloc(0)],
            [9, Buffer.alloc(0)],
          ],
        }),
      ),
      47,
    ],
  ])('is answered with an alert: %s', async (_case, bytes, description) => {
    const worker = await setup();
    const socket = await dialTcp(worker);
    const answer = readToEnd(socket);
    socket.write(bytes);
    expect(await answer).toEqual(alert(description));
  });

  it('is read to its end after the alert, so that the alert is not lost', async () => {
    const worker = await setup();
    const socket = await dialTcp(worker);
    const message = clientHello({ extensions: [[21, Buffer.alloc(60_000)]] });
    const answer = readToEnd(socket);
    const flood = handshakeRecords(Buffer.concat([message, Buffer.alloc(16 * 1_048_576)]), 16_000);
    await new Promise<void>((resolve, reject) => {
      socket.write(flood, (error) => (error instanceof Error ? reject(error) : resolve()));
    });
    socket.end();
    expect(await answer).toEqual(alert(50));
    expect(worker.reports).toMatchObject([{ code: 'ERR_PROXY_HELLO_TOO_LARGE' }]);
  });

  it('may take no longer than the deadline, however it trickles', async () => {
    const worker = await setup({ handshakeTimeoutMs: 300 });
    const hello = handshakeRecords(clientHello({ serverName: HOST }));
    const socket = await dialTcp(worker);
    let at = 0;
    const trickle = setInterval(() => socket.write(hello.subarray(at, (at += 1))), 20);
    await readToEnd(socket);
    clearInterval(trickle);
    expect(at).toBeLessThan(hello.length);
    expect(worker.reports).toMatchObject([{ reason: 'timeout' }]);
  });

  it('leaves the others alone', async () => {
    const worker = await setup();
    const silent = await Promise.all(Array.from({ length: 50 }, () => dialTcp(worker)));
    expect((await ask(target(worker.port, HOST))).body).toBe('ok');
    for (const socket of silent) socket.resetAndDestroy();
    expect((await ask(target(worker.port, HOST))).body).toBe('ok');
  });
});

describe('slow requests', () => {
  it('are answered 408 when the head does not end', async () => {
    const worker = await setup({ headersTimeoutMs: 300 });
    const socket = dial(worker, { servername: HOST });
    await once(socket, 'secureConnect');
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n`);
    const answer = (await readToEnd(socket)).toString();
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toContain('ERR_PROXY_REQUEST_TIMEOUT');
  });

  it('are not waited for on a connection that never sends one', async () => {
    const worker = await setup({ headersTimeoutMs: 300 });
    const socket = dial(worker, { servername: HOST });
    await once(socket, 'secureConnect');
    await readToEnd(socket);
  });

  it('are not waited for between two requests', async () => {
    const worker = await setup({ keepAliveTimeoutMs: 200 });
    const socket = dial(worker, { servername: HOST });
    await once(socket, 'secureConnect');
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    expect((await readToEnd(socket)).toString()).toMatch(/ok\r\n0\r\n\r\n$|ok$/);
  });

  it('are answered 431 when the head is 1 MB', async () => {
    const worker = await setup();
    const socket = dial(worker, { servername: HOST });
    await once(socket, 'secureConnect');
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-A: ${'a'.repeat(1_000_000)}\r\n\r\n`);
    const answer = (await readToEnd(socket)).toString();
    expect(answer).toMatch(/^HTTP\/1.1 431 /);
  });
});

describe('the number of pending hellos', () => {
  it('is bounded, and slots are freed', async () => {
    const refusals: string[] = [];
    const front = createTlsFront({
      maxConnections: 100,
      handshakeTimeoutMs: 10_000,
      monotonicMs: () => performance.now(),
      maxPendingHellos: 3,
      lookup: () => undefined,
      onRefused: ({ kind }) => refusals.push(kind),
    });
    await new Promise<void>((resolve) => front.server.listen(0, '127.0.0.1', resolve));
    const { port } = front.server.address() as AddressInfo;
    const dialFront = (): Socket => tcpConnect(port, '127.0.0.1').on('error', () => undefined);
    const silent = [dialFront(), dialFront(), dialFront()];
    await waitFor(() => front.connections.size === 3, SOON);
    await readToEnd(dialFront());
    expect(refusals).toEqual(['overload']);
    // One ends, one is reset: both slots are free again.
    silent[0]!.end();
    silent[1]!.resetAndDestroy();
    await waitFor(() => front.connections.size === 1, SOON);
    const next = [dialFront(), dialFront()];
    await waitFor(() => front.connections.size === 3, SOON);
    expect(refusals).toEqual(['overload']);
    for (const socket of [...silent, ...next]) socket.destroy();
    await new Promise((resolve) => front.server.close(resolve));
  });
});

describe('the number of connections', () => {
  it('is bounded', async () => {
    const worker = await setup({ connections: 2 });
    const first = dial(worker, { servername: HOST });
    const second = dial(worker, { servername: HOST });
    await Promise.all([once(first, 'secureConnect'), once(second, 'secureConnect')]);
    const third = await dialTcp(worker);
    expect(await readToEnd(third)).toHaveLength(0);
    first.destroy();
    await waitFor(
      async () => (await ask(target(worker.port, HOST)).catch(() => undefined))?.status === 200,
      SOON,
    );
    second.destroy();
  });
});
