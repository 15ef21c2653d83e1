// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect as tcpConnect, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { parseAddressRange } from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import { parseProxyHeader, proxyHeaderLength } from '../src/proxy-protocol/parse-proxy-header.ts';
import type { WorkerLimits } from '../src/worker/worker.ts';
import { startHttpUpstream } from './http-upstream.ts';
import { FROM_V4, FROM_V6, proxyHeader } from './proxy-header-bytes.ts';
import { startRawUpstream } from './raw-upstream.ts';
import { startWorker, type TestHost, type TestWorker } from './test-worker.ts';
import { openTls, readAll } from './tls-client.ts';
import { HOST, WorkerSetups } from './worker-setups.ts';

const SOON = { timeoutMs: 4_000 };
const REQUEST = `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
const setups = new WorkerSetups();
afterEach(() => setups.close());

/** A worker behind a load balancer at `from`, whose upstream answers with whom it takes for the client. */
async function behind(
  from: string,
  host: Partial<TestHost> = {},
  limits: Partial<WorkerLimits> = {},
): Promise<TestWorker> {
  const upstream = await startHttpUpstream((incoming, outgoing) => {
    outgoing.end(String(incoming.headers['x-forwarded-for']));
  });
  setups.closers.push(() => upstream.close());
  const hosts = [{ hostname: HOST, upstream: upstream.upstream, ...host }];
  const options = { proxyProtocolFrom: [parseAddressRange(from)] };
  const bounds = { handshakeTimeoutMs: 500, ...limits };
  const worker = await startWorker(hosts, bounds, {}, {}, options);
  setups.closers.push(() => worker.close());
  return worker;
}

async function dial(worker: TestWorker): Promise<Socket> {
  const socket = tcpConnect({ host: '127.0.0.1', port: worker.port, allowHalfOpen: true });
  setups.closers.push(() => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** What a client is told through a load balancer that sends `header`. */
async function askThrough(worker: TestWorker, header: Buffer, pieces = 1): Promise<string> {
  const plain = await dial(worker);
  plain.setNoDelay(true);
  const step = Math.ceil(header.length / pieces);
  for (let at = 0; at < header.length; at += step) {
    plain.write(header.subarray(at, at + step));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const socket = connect({ socket: plain, servername: HOST, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.write(REQUEST);
  return (await readAll(socket)).split('\r\n\r\n')[1] ?? '';
}

describe('connections that a load balancer passes on', () => {
  it.each([
    ['IPv4', proxyHeader({ rest: FROM_V4 }), '192.0.2.7'],
    ['IPv6', proxyHeader({ transport: 0x21, rest: FROM_V6 }), '2001:db8::7'],
    ['nobody but itself', proxyHeader({ command: 0x20, transport: 0 }), '127.0.0.1'],
  ])('are those of the client that it names: %s', async (_what, header, expected) => {
    const worker = await behind('127.0.0.0/8');
    expect(await askThrough(worker, header)).toBe(expected);
    expect(await askThrough(worker, header, header.length)).toBe(expected);
    await waitFor(() => worker.accessLog.length === 2, SOON);
    expect(worker.accessLog.map(({ peer }) => peer)).toEqual([expected, expected]);
  });

  it('count for the client, and not for the load balancer', async () => {
    const perAddress = { connections: 1, exempt: [] };
    const worker = await behind('127.0.0.1', {}, { perAddress });
    const idle = await dial(worker);
    idle.write(proxyHeader({ rest: FROM_V4 }));
    await once(
      connect({ socket: idle, servername: HOST, rejectUnauthorized: false }),
      'secureConnect',
    );
    const refused = await dial(worker);
    const ended = new Promise((resolve) => refused.once('close', resolve));
    refused.write(proxyHeader({ rest: FROM_V4 }));
    await ended;
    expect(worker.reports).toEqual([
      {
        event: 'over-limit',
        peer: '192.0.2.7',
        code: 'ERR_PROXY_TOO_MANY_CONNECTIONS',
        unreported: 0,
      },
    ]);
    const other = proxyHeader({ transport: 0x21, rest: FROM_V6 });
    expect(await askThrough(worker, other)).toBe('2001:db8::7');
  });

  it('may have header and hello in one piece', async () => {
    const worker = await behind('127.0.0.1');
    const plain = await dial(worker);
    plain.cork();
    plain.write(proxyHeader({ rest: FROM_V4 }));
    const socket = connect({ socket: plain, servername: HOST, rejectUnauthorized: false });
    setImmediate(() => plain.uncork());
    await once(socket, 'secureConnect');
    socket.write(REQUEST);
    expect(await readAll(socket)).toMatch(/192\.0\.2\.7$/);
  });

  it.each([
    ['without a header', Buffer.from('160301', 'hex')],
    ['with a header of version 1', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 1 443\r\n')],
    ['with one that is not for streams', proxyHeader({ transport: 0x12, rest: FROM_V4 })],
  ])('are closed %s', async (_what, bytes) => {
    const worker = await behind('127.0.0.1');
    const socket = await dial(worker);
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.write(bytes);
    await once(socket, 'end');
    expect(Buffer.concat(received)).toHaveLength(0);
    expect(worker.reports).toMatchObject([{ event: 'hello-refused', code: 'ERR_PROXY_PROTOCOL' }]);
  });

  it('are closed when the header does not arrive in time', async () => {
    const worker = await behind('127.0.0.1');
    const socket = await dial(worker);
    socket.write(proxyHeader({ rest: FROM_V4 }).subarray(0, 20));
    await once(socket.resume(), 'end');
    expect(worker.reports).toMatchObject([{ event: 'hello-refused', reason: 'timeout' }]);
  });

  it('may only be a look whether somebody listens', async () => {
    const worker = await behind('127.0.0.1');
    const socket = await dial(worker);
    socket.end();
    await once(socket.resume(), 'close');
    expect(worker.reports).toEqual([]);
  });

  it('come from nobody else', async () => {
    const worker = await behind('127.0.0.2/32');
    const socket = await dial(worker);
    socket.write(proxyHeader({ rest: FROM_V4 }));
    await once(socket.resume(), 'end');
    await waitFor(() => worker.reports.length > 0, SOON);
    expect(worker.reports).toMatchObject([{ code: 'ERR_PROXY_HELLO_MALFORMED' }]);
    const plain = await openTls(worker.port, HOST);
    plain.write(REQUEST);
    expect(await readAll(plain)).toMatch(/127\.0\.0\.1$/);
  });

  it('are reported under the name of the client also when they fail', async () => {
    const worker = await behind('127.0.0.1');
    const socket = await dial(worker);
    socket.write(proxyHeader({ rest: FROM_V4 }));
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await once(socket.resume(), 'end');
    expect(worker.reports).toMatchObject([
      { code: 'ERR_PROXY_HELLO_MALFORMED', peer: '192.0.2.7' },
    ]);
  });
});

describe('connections of a tcp route that says whose they are', () => {
  /** What the upstream gets from a client that sends `hello`. */
  async function upstreamGets(worker: TestWorker, header?: Buffer): Promise<void> {
    const plain = await dial(worker);
    if (header !== undefined) plain.write(header);
    const socket = connect({ socket: plain, servername: HOST, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    socket.end('hello');
    await readAll(socket);
  }

  it('begin with a header for the upstream, before anything else', async () => {
    const upstream = await startRawUpstream((socket) => socket.end());
    setups.closers.push(() => upstream.close());
    const worker = await behind('127.0.0.1', {
      ...{ mode: 'tcp', proxyProtocol: 'v2' },
      upstream: `127.0.0.1:${String(upstream.port)}`,
    });
    await upstreamGets(worker, proxyHeader({ command: 0x20, transport: 0 }));
    await upstreamGets(worker, proxyHeader({ transport: 0x21, rest: FROM_V6 }));
    const received = upstream.received.map((text) => Buffer.from(text, 'latin1'));
    const seen = received.map((bytes) => {
      const length = proxyHeaderLength(bytes) ?? 0;
      expect(bytes.subarray(length).toString()).toBe('hello');
      expect(bytes.includes(HOST)).toBe(true);
      return parseProxyHeader(bytes.subarray(0, length));
    });
    expect(seen).toMatchObject([
      { source: { host: '127.0.0.1' }, destination: { host: '127.0.0.1', port: worker.port } },
      { source: { host: '2001:db8::7', port: 51_234 }, destination: { port: 443 } },
    ]);
  });
});
