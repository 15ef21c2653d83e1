// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { waitFor } from '@proofgate/daemon';
import { answerOf, ask } from './http2-client.ts';
import { HOST, Http2Setups } from './http2-setup.ts';
import type { TestHost, TestWorker } from './test-worker.ts';

const SOON = { timeoutMs: 4_000 };
const MIB = 1_048_576;
/** How `ws` makes a WebSocket that others connect, which its types leave out. It then has no defaults. */
const Unconnected = WebSocket as unknown as new (
  address: null,
  protocols: undefined,
  options: { autoPong: boolean; closeTimeout: number },
) => WebSocket;
const OPTIONS = { autoPong: true, closeTimeout: 30_000 };
const TLS = { servername: HOST, rejectUnauthorized: false };
const setups = new Http2Setups();
afterEach(() => setups.close());

interface Echo {
  readonly worker: TestWorker;
  readonly session: ClientHttp2Session;
  readonly server: WebSocketServer;
}

/** A WebSocket server that sends back what it gets. */
async function echo(host: Partial<TestHost> = {}): Promise<Echo> {
  const http = createServer();
  const server = new WebSocketServer({
    server: http,
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  setups.closers.push(async () => {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => http.close(resolve));
  });
  const { port } = http.address() as AddressInfo;
  return { server, ...(await setups.on(`http://127.0.0.1:${String(port)}`, host)) };
}

const CONNECT = {
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':scheme': 'https',
  ':authority': HOST,
  ':path': '/socket?a=b',
  'sec-websocket-version': '13',
};

async function connectStream(
  session: ClientHttp2Session,
  more: Record<string, string> = {},
): Promise<{ stream: ClientHttp2Stream; fields: Record<string, unknown> }> {
  if (session.remoteSettings.enableConnectProtocol !== true) await once(session, 'remoteSettings');
  const stream = session.request({ ...CONNECT, ...more }, { endStream: false });
  stream.on('error', () => undefined);
  const [fields] = (await once(stream, 'response')) as [Record<string, unknown>];
  return { stream, fields };
}

/** What `ws` does with the socket of a handshake, which it cannot do itself over HTTP/2. */
interface OverStream {
  _isServer: boolean;
  setSocket(stream: Duplex, head: Buffer, options: { maxPayload: number }): void;
}

async function overHttp2({ session }: Echo): Promise<WebSocket> {
  const { stream, fields } = await connectStream(session);
  expect(fields[':status']).toBe(200);
  const client = new Unconnected(null, undefined, OPTIONS);
  // Sound: both are there, and left out of the types.
  const inner = client as unknown as OverStream;
  inner._isServer = false;
  inner.setSocket(stream, Buffer.alloc(0), { maxPayload: 2 * MIB });
  return client;
}

async function overHttp1({ worker }: Echo): Promise<WebSocket> {
  const client = new WebSocket(`wss://127.0.0.1:${String(worker.port)}/socket`, {
    ...TLS,
    headers: { Host: HOST },
  });
  await once(client, 'open');
  return client;
}

async function message(client: WebSocket): Promise<[data: Buffer, binary: boolean]> {
  return (await once(client, 'message')) as [Buffer, boolean];
}

describe.each([
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
])('WebSocket over %s', (_version, dial) => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, MIB])(
    'echoes messages of %i bytes',
    async (size) => {
      const client = await dial(await echo());
      const content = Buffer.alloc(size, 'Käse');
      client.send(content);
      const [data, isBinary] = await message(client);
      expect([data.equals(content), isBinary]).toEqual([true, true]);
      const text = Buffer.from('ä'.repeat(size / 2));
      client.send(text, { binary: false });
      const [answer, isText] = await message(client);
      expect([answer.equals(text), isText]).toEqual([true, false]);
    },
    20_000,
  );

  it('puts fragments together, with a ping between them', async () => {
    const client = await dial(await echo());
    const pong = once(client, 'pong');
    client.send('one ', { fin: false });
    client.send('two ', { fin: false });
    client.ping('here?');
    client.send('three', { fin: true });
    expect((await message(client))[0].toString()).toBe('one two three');
    expect(String((await pong)[0])).toBe('here?');
  });

  it('answers pings of the server', async () => {
    const setup = await echo();
    const client = await dial(setup);
    const [at] = setup.server.clients;
    const pong = once(at ?? client, 'pong');
    at?.ping('you?');
    expect(String((await pong)[0])).toBe('you?');
  });

  it.each([1000, 1001, 1011, 3000, 4999])('closes with %i from either side', async (code) => {
    const setup = await echo();
    const first = await dial(setup);
    first.close(code, 'bye');
    expect((await once(first, 'close'))[0]).toBe(code);
    const second = await dial(setup);
    await waitFor(() => setup.server.clients.size === 1, SOON);
    for (const at of setup.server.clients) at.close(code, 'bye');
    const [seen, reason] = (await once(second, 'close')) as [number, Buffer];
    expect([seen, reason.toString()]).toEqual([code, 'bye']);
    await waitFor(() => setup.worker.accessLog.length === 2, SOON);
  });

  it('lets the server end what is not UTF-8, and what is no frame', async () => {
    const client = await dial(await echo());
    client.on('error', () => undefined);
    client.send(Buffer.from([0xc3, 0x28]), { binary: false });
    expect((await once(client, 'close'))[0]).toBe(1007);
  });

  it('holds back a sender whose messages nobody reads', async () => {
    const setup = await echo();
    const client = await dial(setup);
    await waitFor(() => setup.server.clients.size === 1, SOON);
    const [at] = setup.server.clients;
    client.pause();
    for (let count = 0; count < 64; count += 1) at?.send(Buffer.alloc(MIB));
    await waitFor(() => (at?.bufferedAmount ?? 0) > 32 * MIB, SOON);
    let received = 0;
    client.on('message', () => (received += 1));
    client.resume();
    await waitFor(() => received === 64, { timeoutMs: 15_000 });
  }, 20_000);
});

describe('extended CONNECT', () => {
  it('reaches the upstream as an upgrade with a key of ours', async () => {
    const { session, server, worker } = await echo();
    const arrived = once(server, 'connection');
    const { stream, fields } = await connectStream(session, {
      'sec-websocket-key': 'evil',
      'sec-websocket-protocol': 'chat',
      'x-proofgate-peer-id': 'evil',
    });
    expect(fields).toMatchObject({ ':status': 200, 'sec-websocket-protocol': 'chat' });
    expect(Object.keys(fields)).not.toContain('sec-websocket-accept');
    expect(Object.keys(fields)).not.toContain('upgrade');
    const [, incoming] = (await arrived) as [WebSocket, { url: string; headers: object }];
    expect(incoming).toMatchObject({
      url: '/socket?a=b',
      headers: { host: HOST, upgrade: 'websocket', 'x-forwarded-proto': 'https' },
    });
    expect(incoming.headers).not.toHaveProperty('x-proofgate-peer-id');
    expect(incoming.headers).toHaveProperty(
      'sec-websocket-key',
      expect.stringMatching(/^[A-Za-z0-9+/]{22}==$/),
    );
    // The connection goes on beside it.
    expect((await ask(session, HOST, { ':path': '/.well-known/attestation' })).status).toBe(200);
    stream.close();
    const record = await waitFor(
      () => worker.accessLog.find(({ path }) => path === '/socket'),
      SOON,
    );
    expect(record.method).toBe('GET');
  });

  it('that the upstream declines gets its answer', async () => {
    const { session } = await setups.http((_incoming, outgoing) => {
      outgoing.writeHead(403);
      outgoing.end('no');
    });
    if (session.remoteSettings.enableConnectProtocol !== true)
      await once(session, 'remoteSettings');
    const answer = await answerOf(session.request(CONNECT, { endStream: false }));
    expect(answer).toMatchObject({ status: 403, body: 'no' });
  });

  it('is refused when the upstream agrees with a wrong key', async () => {
    const { session } = await setups.raw((socket) => {
      const agreed = [
        'HTTP/1.1 101 Switching Protocols',
        'Connection: Upgrade',
        'Upgrade: websocket',
      ];
      socket.write([...agreed, 'Sec-WebSocket-Accept: d3Jvbmc=', '', ''].join('\r\n'));
    });
    if (session.remoteSettings.enableConnectProtocol !== true)
      await once(session, 'remoteSettings');
    const answer = await answerOf(session.request(CONNECT, { endStream: false }));
    expect(answer.status).toBe(502);
  });

  it('ends with its upstream, and its upstream with it', async () => {
    const { session, server, worker } = await echo();
    const { stream } = await connectStream(session);
    for (const at of server.clients) at.terminate();
    await once(stream.resume(), 'end');
    stream.end();
    await once(stream, 'close');
    const { stream: other } = await connectStream(session);
    await waitFor(() => server.clients.size === 1, SOON);
    other.close(8);
    await waitFor(() => server.clients.size === 0, SOON);
    await waitFor(() => worker.accessLog.length === 2, SOON);
    expect(session.closed).toBe(false);
  });
});
