// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { afterAll, describe, expect } from 'vitest';
import { requestUnix } from '@proofgate/daemon';
import { join } from 'node:path';
import { fetchFrom, openTls } from './support/https-request.ts';
import { startQuoteMeter } from './support/quote-meter.ts';
import { HELLO, MACHINE_DOMAIN } from './support/stack-config.ts';
import { testWithStack } from './support/stack-test.ts';
import { startRawUpstream } from './support/upstream.ts';

const MEGABYTE = 1_000_000;
/** A limit of one second is kept within this, on a machine that does something else as well. */
const PROMPTLY_MS = 6_000;

const upstreams = {
  silent: await startRawUpstream((socket) => socket.end()),
  broken: await startRawUpstream((socket) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this');
  }),
  nonsense: await startRawUpstream((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n\r\n')),
};
afterAll(() => Promise.all(Object.values(upstreams).map((upstream) => upstream.close())));

const hostOf = (name: string): string => `${name}.${MACHINE_DOMAIN}`;

/** Whatever a test does to it, the same workers must be alive afterwards and serve. */
const it = testWithStack({
  limits: { headers_timeout: '1s', handshake_timeout: '1s' },
  routes: Object.entries(upstreams).map(([name, { upstream }]) => ({
    hostname: hostOf(name),
    upstream,
  })),
}).extend('unharmed', { auto: true }, async ({ stack }, { onCleanup }) => {
  const workers = stack.pids('worker');
  expect(workers).toHaveLength(2);
  onCleanup(async () => {
    expect(stack.pids('worker')).toEqual(workers);
    expect(await fetchFrom(stack.hello, '/')).toMatchObject({ status: 200 });
  });
  return true;
});

/** Everything that arrives until the other side closes. */
async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks);
}

/** RFC 8446 section 6: a fatal alert before there are keys. */
const fatalAlert = (description: number): Buffer => Buffer.from([21, 3, 3, 0, 2, 2, description]);
const DECODE_ERROR = 50;
const UNRECOGNIZED_NAME = 'alert number 112';
const PROTOCOL_VERSION = 'alert number 70';

describe('before TLS', () => {
  it('refuses a ClientHello of a megabyte', async ({ stack }) => {
    const socket = connect(stack.files.port, '127.0.0.1');
    // Handshake records of 16 KiB; the message in them says that it is a ClientHello of a megabyte.
    const message = Buffer.alloc(MEGABYTE);
    message.writeUInt8(1);
    message.writeUIntBE(MEGABYTE - 4, 1, 3);
    for (let at = 0; at < message.length; at += 16_384) {
      const part = message.subarray(at, at + 16_384);
      socket.write(Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]));
      socket.write(part);
    }
    expect(await readAll(socket)).toEqual(fatalAlert(DECODE_ERROR));
    expect(stack.log()).toContain('ERR_PROXY_HELLO_TOO_LARGE');
  });

  it('closes a connection that says nothing', async ({ stack }) => {
    const started = performance.now();
    const socket = connect(stack.files.port, '127.0.0.1');
    expect(await readAll(socket)).toHaveLength(0);
    expect(performance.now() - started).toBeLessThan(PROMPTLY_MS);
  });

  it('turns other protocols away', async ({ stack }) => {
    const socket = connect(stack.files.port, '127.0.0.1');
    socket.write(`GET / HTTP/1.1\r\nHost: ${HELLO}\r\n\r\n`);
    expect(await readAll(socket)).toEqual(fatalAlert(DECODE_ERROR));
    expect(stack.log()).toContain('ERR_PROXY_HELLO_MALFORMED');
  });

  it('speaks no TLS 1.2', async ({ stack }) => {
    const old = openTls(stack.hello, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    await expect(old).rejects.toThrow(PROTOCOL_VERSION);
  });

  it('answers strangers’ names with an alert, and never with a quote', async ({
    stack,
    onTestFinished,
  }) => {
    const meter = await startQuoteMeter(stack);
    onTestFinished(() => meter.close());
    const before = await stack.identities();
    const names = Array.from({ length: 200 }, () => hostOf(randomBytes(8).toString('hex')));
    const attempts = ['example.com', MACHINE_DOMAIN, ...names].map((servername) =>
      openTls(stack.hello, { servername }),
    );
    for (const attempt of await Promise.allSettled(attempts)) {
      expect(attempt.status === 'rejected' && String(attempt.reason)).toContain(UNRECOGNIZED_NAME);
    }
    await expect(openTls(stack.hello, { servername: '' })).rejects.toThrow(UNRECOGNIZED_NAME);
    expect(meter.quotes).toBe(0);
    expect(await stack.identities()).toEqual(before);
    // The meter counts: this is how the proxy asks.
    await requestUnix({
      socketPath: join(stack.files.runDirectory, 'simulator.sock'),
      method: 'POST',
      path: '/v1/quote',
      body: { reportData: '00'.repeat(64) },
      timeoutMs: PROMPTLY_MS,
    });
    expect(meter.quotes).toBe(1);
  });
});

/** Sends bytes over TLS and returns the answer's status line and JSON body. */
async function answerTo(
  socket: Socket,
  request: string,
): Promise<{ status: string; body: unknown }> {
  const answer = readAll(socket);
  socket.write(request);
  const text = (await answer).toString('latin1');
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  return { status: head.split('\r\n', 1)[0] ?? '', body: JSON.parse(body) };
}

describe('requests', () => {
  it('refuses a megabyte of headers', async ({ stack }) => {
    const socket = await openTls(stack.hello);
    const head = `GET / HTTP/1.1\r\nHost: ${HELLO}\r\nX-Much: ${'x'.repeat(MEGABYTE)}\r\n\r\n`;
    const { status, body } = await answerTo(socket, head);
    expect(status).toBe('HTTP/1.1 431 Request Header Fields Too Large');
    expect(body).toMatchObject({ code: 'ERR_PROXY_REQUEST_HEADERS_TOO_LARGE' });
  });

  it('gives up on headers that come byte by byte', async ({ stack, onTestFinished }) => {
    const started = performance.now();
    const socket = await openTls(stack.hello);
    const drip = setInterval(() => socket.write('x'), 100);
    onTestFinished(() => {
      clearInterval(drip);
    });
    socket.once('end', () => {
      clearInterval(drip);
      socket.end();
    });
    const { status, body } = await answerTo(socket, `GET / HTTP/1.1\r\nHost: ${HELLO}\r\nX-Slow: `);
    expect(status).toBe('HTTP/1.1 408 Request Timeout');
    expect(body).toMatchObject({ code: 'ERR_PROXY_REQUEST_TIMEOUT' });
    expect(performance.now() - started).toBeLessThan(PROMPTLY_MS);
  });

  it('refuses a request for another host than the attested one', async ({ stack }) => {
    const headers = { host: hostOf('silent') };
    const { status, body } = await fetchFrom(stack.hello, '/', { headers });
    expect(status).toBe(421);
    expect(JSON.parse(body)).toMatchObject({ code: 'ERR_PROXY_REQUEST_MISDIRECTED' });
  });
});

describe('upstreams', () => {
  it.for([
    ['silent', 'ERR_PROXY_UPSTREAM_CLOSED'],
    ['nonsense', 'ERR_PROXY_UPSTREAM_INVALID'],
  ])('answers 502 for one that is %s', async ([name, code], { stack }) => {
    const answer = await fetchFrom(stack.endpoint(hostOf(name!)), '/');
    expect(answer).toMatchObject({ status: 502, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(answer.body)).toMatchObject({ error: expect.any(String) as string, code });
  });

  it('never passes half an answer off as a whole one', async ({ stack }) => {
    await expect(fetchFrom(stack.endpoint(hostOf('broken')), '/')).rejects.toThrow('aborted');
  });
});
