// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createIntermediary } from '@proofgate/ca/authorities';
import { parsePolicy } from '@proofgate/verifier';
import {
  AttestedAgent,
  attestedHttp2Connect,
  verdictOf,
  verifiedConnect,
  type PeerRequirements,
} from '@proofgate/verifier/node';
import { attestedFetch } from '@proofgate/verifier/undici';
import { attestedWebSocket } from '@proofgate/verifier/ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import type { RunningProxy } from '@proofgate/proxy';
import { startMachine, untilReady, type TestMachine } from '../../proxy/test/test-proxy.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

/** With evidence for sessions alone, and with a quote in the certificate as well. */
const HOSTS = { session: 'session.demo.localhost', certificate: 'certificate.demo.localhost' };

let machine: TestMachine;
let proxy: RunningProxy;
const upstream = createServer((_request, response) => response.end('hello'));
const echo = new WebSocketServer({ server: upstream });

beforeAll(async () => {
  echo.on('connection', (socket) => {
    socket.on('message', (data) => socket.send(data));
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  // Sound: it listens on TCP.
  const { port } = upstream.address() as AddressInfo;
  machine = await startMachine();
  await machine.writeCa(
    await createIntermediary({
      root: machine.rootIdentity,
      commonName: 'Test CA',
      permittedDomains: ['demo.localhost'],
      days: 10,
      at: new Date(),
    }),
  );
  const routes = Object.entries(HOSTS).map(([attestation, hostname]) => ({
    hostname,
    attestation,
    upstream: `http://127.0.0.1:${String(port)}`,
  }));
  proxy = await machine.start(machine.config({ routes }));
  await untilReady(proxy);
});
afterAll(async () => {
  await machine.close();
  echo.close();
  upstream.closeAllConnections();
  upstream.close();
});

function demands(
  freshness: 'certificate' | 'session',
  more: Partial<PeerRequirements> = {},
): PeerRequirements {
  return {
    policy: parsePolicy({
      version: 1,
      tee: 'tdx',
      roots: `sha256:${machine.platform.rootSha256}`,
      freshness: { mode: freshness, maxAge: 'PT1H' },
    }),
    collateral: machine.platform.collateral(),
    caRoots: [machine.rootIdentity.certificate],
    ...more,
  };
}

/** Connects in each way, uses the connection, and says how it was bound. */
const CONNECTORS: Record<string, (host: string, wanted: PeerRequirements) => Promise<unknown>> = {
  async tls(host, wanted) {
    const target = { host, port: proxy.address.port };
    const { socket, verdict } = await verifiedConnect(target, wanted);
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
    return verdict.binding;
  },
  async https(host, wanted) {
    const agent = new AttestedAgent(wanted, { keepAlive: true });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ host, port: proxy.address.port, agent, path: '/' }, resolve).on('error', reject);
    });
    expect(response.statusCode).toBe(200);
    response.resume();
    const binding = verdictOf(response.socket)?.binding;
    agent.destroy();
    return binding;
  },
  async undici(host, wanted) {
    const response = await attestedFetch(wanted)(`https://${host}:${proxy.address.port}/`);
    expect(await response.text()).toBe('hello');
    return 'used';
  },
  async http2(host, wanted) {
    const url = `https://${host}:${proxy.address.port}`;
    const { session, verdict } = await attestedHttp2Connect(url, wanted);
    const stream = session.request({ ':path': '/' });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(headers[':status']).toBe(200);
    stream.resume();
    session.destroy();
    return verdict.binding;
  },
  async ws(host, wanted) {
    const socket = attestedWebSocket(`wss://${host}:${proxy.address.port}/`, wanted);
    await once(socket, 'open');
    socket.send('secret');
    const [message] = (await once(socket, 'message')) as [Buffer];
    expect(message.toString()).toBe('secret');
    const binding = verdictOf(socket)?.binding;
    socket.terminate();
    return binding;
  },
};

describe.each(Object.entries(CONNECTORS))('%s', (name, connect) => {
  const bound = (binding: string): string => (name === 'undici' ? 'used' : binding);

  it.each(['batch', 'challenge'] as const)('proves its own session, %s', async (sessionMode) => {
    const before = machine.quotes();
    expect(await connect(HOSTS.session, demands('session', { sessionMode }))).toBe(
      bound('session'),
    );
    expect(machine.quotes()).toBe(before + 1);
  });

  it('proves its own session to a host whose certificate has a quote', async () => {
    expect(await connect(HOSTS.certificate, demands('session'))).toBe(bound('session'));
  });

  it('is satisfied with the key where the policy is, whether or not its certificate has the quote', async () => {
    const before = machine.quotes();
    for (const host of Object.values(HOSTS)) {
      expect(await connect(host, demands('certificate'))).toBe(bound('certificate'));
    }
    expect(machine.quotes()).toBe(before);
  });
});

describe('many connections', () => {
  it('share quotes', async () => {
    const before = machine.quotes();
    const release = machine.holdQuotes();
    const wanted = demands('session', { sessionMode: 'batch' });
    const target = { host: HOSTS.session, port: proxy.address.port };
    const all = Array.from({ length: 20 }, () => verifiedConnect(target, wanted));
    release();
    for (const { socket, verdict } of await Promise.all(all)) {
      expect(verdict.binding).toBe('session');
      socket.destroy();
    }
    expect(machine.quotes() - before).toBeLessThan(20);
  });
});
