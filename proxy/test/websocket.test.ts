// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { waitFor } from '@proofgate/daemon';
import { startRawUpstream, type RawAnswer } from './raw-upstream.ts';
import { startWorker, type TestHost, type TestWorker } from './test-worker.ts';
import { exchangeRaw, openTls, readAll, readUntil } from './tls-client.ts';

const HOST = 'app.example.com';
const SOON = { timeoutMs: 4_000 };
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startOn(upstream: string, host: Partial<TestHost> = {}): Promise<TestWorker> {
  const worker = await startWorker([{ hostname: HOST, upstream, ...host }]);
  closers.push(() => worker.close());
  return worker;
}

/** A WebSocket server that echoes. */
async function echo(
  host: Partial<TestHost> = {},
): Promise<{ worker: TestWorker; server: WebSocketServer }> {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => http.close(resolve));
  });
  const { port } = http.address() as AddressInfo;
  return { server, worker: await startOn(`http://127.0.0.1:${String(port)}`, host) };
}

function dial(worker: TestWorker, headers: Record<string, string> = {}): WebSocket {
  const options = {
    servername: HOST,
    rejectUnauthorized: false,
    headers: { ...headers, Host: HOST },
  };
  return new WebSocket(`wss://127.0.0.1:${String(worker.port)}/socket`, options);
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const HANDSHAKE = `GET /socket HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`;

describe('WebSocket', () => {
  it('echoes text and binary messages, up to 1 MiB', async () => {
    const { worker } = await echo();
    const client = dial(worker);
    await once(client, 'open');
    for (const size of [0, 1, 125, 126, 65_536, 1_048_576]) {
      const message = Buffer.alloc(size, size % 251);
      client.send(message);
      const [answer] = (await once(client, 'message')) as [Buffer];
      expect(Buffer.compare(answer, message)).toBe(0);
    }
    client.close(4_000, 'bye');
    const [code] = (await once(client, 'close')) as [number];
    expect(code).toBe(4_000);
    const record = await waitFor(() => worker.accessLog[0], SOON);
    expect(record).toMatchObject({ status: 101, path: '/socket' });
    expect(record.bytesIn).toBeGreaterThan(1_048_576);
    expect(record.bytesOut).toBeGreaterThan(1_048_576);
  });

  it('brings the request to the upstream with our fields and without identity fields', async () => {
    const { worker, server } = await echo();
    const connected = once(server, 'connection');
    const client = dial(worker, { 'X-Proofgate-Peer-Id': 'evil', 'X-Forwarded-For': '6.6.6.6' });
    const [, incoming] = (await connected) as [unknown, { headers: Record<string, string> }];
    expect(incoming.headers).toMatchObject({
      host: HOST,
      'x-forwarded-for': '127.0.0.1',
      upgrade: 'websocket',
    });
    expect(incoming.headers).not.toHaveProperty('x-proofgate-peer-id');
    await once(client, 'open');
    client.terminate();
  });

  it('holds the sender back when the receiver does not read', async () => {
    const { worker, server } = await echo();
    const connected = once(server, 'connection');
    const client = dial(worker);
    await once(client, 'open');
    const [peer] = (await connected) as [WebSocket];
    client.pause();
    const chunk = Buffer.alloc(1_048_576);
    for (let n = 0; n < 64; n += 1) peer.send(chunk);
    let before = -1;
    await waitFor(
      () => {
        const still = peer.bufferedAmount === before;
        before = peer.bufferedAmount;
        return still;
      },
      { timeoutMs: 4_000, intervalMs: 100 },
    );
    expect(peer.bufferedAmount).toBeGreaterThan(16 * 1_048_576);
    let received = 0;
    client.on('message', (data: Buffer) => (received += data.length));
    client.resume();
    await waitFor(() => received === 64 * 1_048_576, SOON);
    client.terminate();
  });

  it('is closed when nobody sends anything for too long', async () => {
    const { worker } = await echo({ limits: { idleTimeoutMs: 200 } });
    const client = dial(worker);
    const [code] = (await once(client, 'close')) as [number];
    expect(code).toBe(1_006);
  });
});

describe('an upgrade', () => {
  it('passes on what both sides send right after their heads', async () => {
    const upstream = await startRawUpstream((socket, soFar) => {
      if (soFar.endsWith('early')) return;
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\nhello`,
      );
    });
    closers.push(() => upstream.close());
    const worker = await startOn(upstream.upstream);
    const socket = await openTls(worker.port, HOST);
    const answer = readUntil(socket, /\r\n\r\nhello$/);
    socket.write(`${HANDSHAKE}early`);
    expect(await answer).toMatch(
      /^HTTP\/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/,
    );
    await waitFor(() => upstream.received[0]?.endsWith('early'), SOON);
    socket.destroy();
  });

  it('keeps one direction open when the other has ended', async () => {
    const upstream = await startRawUpstream((socket) => {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n',
      );
      socket.once('end', () => socket.end('goodbye'));
    });
    closers.push(() => upstream.close());
    const worker = await startOn(upstream.upstream);
    const socket = await openTls(worker.port, HOST);
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n`);
    await readUntil(socket, /\r\n\r\n$/);
    const rest = readAll(socket);
    socket.end();
    expect(await rest).toBe('goodbye');
  });

  it('keeps the other direction open as well', async () => {
    const upstream = await startRawUpstream((socket, soFar) => {
      if (!soFar.endsWith('\r\n\r\n')) return;
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n');
    });
    closers.push(() => upstream.close());
    const worker = await startOn(upstream.upstream);
    const socket = await openTls(worker.port, HOST);
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n`);
    await once(socket.resume(), 'end');
    socket.end('still here');
    await waitFor(() => upstream.received[0]?.endsWith('still here'), SOON);
  });

  it.each<[string, string]>([
    [
      'a wrong accept hash',
      `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${ACCEPT.replace('s3', 's4')}\r\n`,
    ],
    ['no accept hash', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
    [
      'another protocol',
      `Connection: Upgrade\r\nUpgrade: foo\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n`,
    ],
    ['no Connection: Upgrade', `Upgrade: websocket\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n`],
  ])('is a 502 when the upstream accepts with %s', async (_case, fields) => {
    const upstream = await startRawUpstream((socket) =>
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`),
    );
    closers.push(() => upstream.close());
    const worker = await startOn(upstream.upstream);
    const answer = await exchangeRaw(worker.port, HOST, HANDSHAKE);
    expect(answer).toMatch(/^HTTP\/1.1 502 /);
  });

  it('gives the ordinary answer of an upstream that declines, and closes', async () => {
    const decline: RawAnswer = (socket) =>
      socket.write(
        'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-Proofgate-Peer-Id: evil\r\n\r\nno',
      );
    const upstream = await startRawUpstream(decline);
    closers.push(() => upstream.close());
    const worker = await startOn(upstream.upstream);
    const answer = await exchangeRaw(
      worker.port,
      HOST,
      `${HANDSHAKE}GET /smuggled HTTP/1.1\r\n\r\n`,
    );
    expect(answer).toMatch(
      /^HTTP\/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno$/,
    );
    expect(upstream.received.join('')).not.toContain('smuggled');
    expect(await waitFor(() => worker.accessLog[0], SOON)).toMatchObject({
      status: 403,
      bytesOut: 2,
    });
  });

  it('gives the whole answer of an upstream that declines to a client that goes on sending', async () => {
    const content = 'n'.repeat(8_000_000);
    const upstream = await startRawUpstream((socket) =>
      socket.write(
        `HTTP/1.1 403 Forbidden\r\nContent-Length: ${String(content.length)}\r\n\r\n${content}`,
      ),
    );
    closers.push(() => upstream.close());
    const worker = await startOn(upstream.upstream);
    const socket = await openTls(worker.port, HOST);
    socket.write(HANDSHAKE);
    const more = setInterval(() => socket.write(Buffer.alloc(65_536)), 1);
    closers.push(async () => clearInterval(more));
    const answer = await readAll(socket);
    expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toHaveLength(content.length);
  });

  it('is a 502 when the upstream closes', async () => {
    const upstream = await startRawUpstream((socket) => socket.destroy());
    closers.push(() => upstream.close());
    const worker = await startOn(upstream.upstream);
    expect(await exchangeRaw(worker.port, HOST, HANDSHAKE)).toMatch(/^HTTP\/1.1 502 /);
  });

  it('does not overtake the answer before it', async () => {
    const upstream = await startRawUpstream(() => undefined);
    closers.push(() => upstream.close());
    const worker = await startOn(upstream.upstream);
    const socket = await openTls(worker.port, HOST);
    const answer = readUntil(socket, /slow$/);
    socket.write(`GET /slow HTTP/1.1\r\nHost: ${HOST}\r\n\r\n${HANDSHAKE}`);
    await waitFor(() => upstream.received[0]?.endsWith('\r\n\r\n'), SOON);
    expect(upstream.received.join('')).not.toContain('websocket');
    upstream.sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow');
    await answer;
    await waitFor(() => upstream.received.join('').includes('websocket'), SOON);
    socket.destroy();
  });
});
