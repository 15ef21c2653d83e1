// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processUsage } from '@proofgate/bench';
import { waitFor } from '@proofgate/daemon';
import type { RunningProxy } from '@proofgate/proxy';
import { clientHello, handshakeRecords } from '../../proxy/test/client-hello-bytes.ts';
import { startHttpUpstream, type HttpUpstream } from '../../proxy/test/http-upstream.ts';
import { askVerified } from '../../proxy/test/proxy-client.ts';
import { startMachine, untilReady, type TestMachine } from '../../proxy/test/test-proxy.ts';

const HOST = 'app.example.com';
const LATE_HOST = 'late.example.com';

/** Attackers of each kind at a time. */
const SLOW_CLIENTS = 100;
/** Honest handshakes, of which there are many at a time, need this much on a busy machine. */
const HANDSHAKE_TIMEOUT = '5s';
/** Deadlines of seconds are kept within this on a busy machine. */
const PROMPTLY_MS = 20_000;
/** Between two bytes of a slow client: well below any idle timer. */
const DRIP_MS = 200;

/**
 * Two processes share the descriptors that a usual limit allows, and handshakes take time that all tests together do not
 * have. With PROOFGATE_IDLE_CONNECTIONS=20000 and `ulimit -n 50000` it is as many as a large site has.
 */
const IDLE_CONNECTIONS = Number(process.env['PROOFGATE_IDLE_CONNECTIONS'] ?? 1_000);
const HANDSHAKES_AT_A_TIME = 25;
/** What an idle connection may cost, with what the machine needs for having made it. */
const MAX_IDLE_BYTES = 120 * 1024;

const STRANGE_NAMES = 10_000;
const NAMES_AT_A_TIME = 50;
/** RFC 8446 section 6: fatal, unrecognized_name. */
const UNRECOGNIZED_NAME = Buffer.from([21, 3, 3, 0, 2, 2, 112]);

let upstream: HttpUpstream;
let machine: TestMachine;
let proxy: RunningProxy;

const routes = (...hostnames: readonly string[]) => ({
  routes: hostnames.map((hostname) => ({ hostname, upstream: upstream.upstream })),
  platform: {
    limits: {
      handshake_timeout: HANDSHAKE_TIMEOUT,
      headers_timeout: '1s',
      request_timeout: '1s',
      connections: IDLE_CONNECTIONS + 1_000,
    },
  },
});

beforeAll(async () => {
  upstream = await startHttpUpstream((request, response) => {
    request.resume().on('end', () => response.end('served'));
    request.on('error', () => undefined);
  });
  machine = await startMachine();
  proxy = await machine.start(machine.config(routes(HOST)));
  await untilReady(proxy);
}, 60_000);
afterAll(async () => {
  await machine.close();
  await upstream.close();
});

async function expectServed(): Promise<void> {
  expect(await askVerified(proxy, machine.root, HOST)).toMatchObject({
    status: 200,
    body: 'served',
  });
}

async function openTls(): Promise<TLSSocket> {
  const socket = connect({
    ...{ host: '127.0.0.1', port: proxy.address.port },
    ...{ servername: HOST, ca: machine.root },
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

function openTcp(): Socket {
  const socket = connectTcp(proxy.address.port, '127.0.0.1');
  socket.on('error', () => undefined);
  return socket;
}

/** One byte after the other until the other side has had enough, and what it says then. */
function drip(socket: Socket, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let at = 0;
    let received = '';
    const timer = setInterval(() => {
      if (socket.writable) socket.write(bytes.subarray(at % bytes.length, (at % bytes.length) + 1));
      at += 1;
    }, DRIP_MS);
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    socket.once('end', () => socket.end());
    socket.once('close', () => {
      clearInterval(timer);
      resolve(received);
    });
  });
}

describe('clients that send a byte now and then', () => {
  const text = (value: string): Buffer => Buffer.from(value, 'latin1');
  const slow = async (open: () => Promise<Socket>, bytes: Uint8Array): Promise<string[]> => {
    const started = performance.now();
    // Each begins as soon as it is connected: its deadline runs while the others connect.
    const answers = Promise.all(
      Array.from({ length: SLOW_CLIENTS }, async () => drip(await open(), bytes)),
    );
    await expectServed();
    const all = await answers;
    expect(performance.now() - started).toBeLessThan(PROMPTLY_MS);
    await expectServed();
    return all;
  };
  const afterBytes = (bytes: string) => async (): Promise<TLSSocket> => {
    const socket = await openTls();
    socket.write(bytes);
    return socket;
  };

  it('lose their connection in the handshake', async () => {
    const hello = handshakeRecords(clientHello({ serverName: HOST }));
    const answers = await slow(() => Promise.resolve(openTcp()), hello);
    expect(new Set(answers)).toEqual(new Set(['']));
  }, 60_000);

  it('get 408 in the head', async () => {
    const answers = await slow(
      afterBytes(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-Slow: `),
      text('x'),
    );
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  }, 60_000);

  it('get 408 in the content', async () => {
    const answers = await slow(
      afterBytes(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 1000\r\n\r\n`),
      text('x'),
    );
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  }, 60_000);

  it('get 408 in a chunk', async () => {
    const answers = await slow(
      afterBytes(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n`),
      text('x'),
    );
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  }, 60_000);
});

it(`holds ${String(IDLE_CONNECTIONS)} idle connections and serves on`, async () => {
  const memory = (): number =>
    proxy.workerPids.reduce((sum, pid) => sum + (processUsage(pid)?.rssBytes ?? NaN), 0);
  await expectServed();
  const before = memory();
  const sockets: TLSSocket[] = [];
  const openSome = async (): Promise<void> => {
    while (sockets.length < IDLE_CONNECTIONS) {
      const index = sockets.length;
      // The place is taken before the handshake, so that no other opener takes it.
      const opening = openTls();
      sockets.length = index + 1;
      const socket = await opening;
      sockets[index] = socket;
      socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      await once(socket, 'data');
    }
  };
  await Promise.all(Array.from({ length: HANDSHAKES_AT_A_TIME }, openSome));
  await expectServed();
  expect((memory() - before) / IDLE_CONNECTIONS).toBeLessThan(MAX_IDLE_BYTES);
  expect(sockets.filter(({ destroyed }) => destroyed)).toHaveLength(0);
  // Each of them still is a connection on which a request is answered.
  const [first] = sockets;
  first?.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  if (first !== undefined) await once(first, 'data');
  for (const socket of sockets) socket.destroy();
  await expectServed();
}, 300_000);

it(`answers ${String(STRANGE_NAMES)} strange names with an alert, without a quote`, async () => {
  const quotes = machine.quotes();
  let left = STRANGE_NAMES;
  const askStrangeNames = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const serverName = `${randomBytes(8).toString('hex')}.example.com`;
      const socket = openTcp();
      socket.write(handshakeRecords(clientHello({ serverName })));
      const [alert] = (await once(socket, 'data')) as [Buffer];
      expect(alert).toEqual(UNRECOGNIZED_NAME);
      socket.destroy();
    }
  };
  await Promise.all([...Array.from({ length: NAMES_AT_A_TIME }, askStrangeNames), expectServed()]);
  await expectServed();
  expect(machine.quotes()).toBe(quotes);
}, 120_000);

describe('while the quoter', () => {
  const statusOf = async (hostname: string): Promise<number | 'refused'> =>
    askVerified(proxy, machine.root, hostname).then(
      ({ status }) => status,
      () => 'refused' as const,
    );

  it.each([
    ['hangs', () => machine.holdQuotes()],
    [
      'fails',
      () => {
        machine.failQuotes(true);
        return () => machine.failQuotes(false);
      },
    ],
  ])(
    '%s, hosts that have an identity serve on',
    async (_, breakQuoter) => {
      const repair = breakQuoter();
      const quotes = machine.quotes();
      await proxy.reload(machine.config(routes(HOST, LATE_HOST)));
      await waitFor(() => machine.quotes() > quotes, {
        timeoutMs: PROMPTLY_MS,
        what: 'the proxy to ask for a quote',
      });
      for (let n = 0; n < 20; n += 1) await expectServed();
      expect(await statusOf(LATE_HOST)).toBe('refused');
      expect(proxy.health().status).not.toBe('ok');
      repair();
      await waitFor(async () => (await statusOf(LATE_HOST)) === 200, {
        timeoutMs: PROMPTLY_MS,
        what: 'the new host to be served',
      });
      await proxy.reload(machine.config(routes(HOST)));
      await expectServed();
    },
    60_000,
  );
});
