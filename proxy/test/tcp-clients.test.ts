// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { afterEach, describe, expect, it } from 'vitest';
import { startRawUpstream } from './raw-upstream.ts';
import { rulesFor, testClient, type TestClient } from './test-clients.ts';
import { startWorker } from './test-worker.ts';

const APP = 'app.example.com';
const platform = createSimulatedPlatform();
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('a tcp route whose clients are required to prove themselves', () => {
  it('serves those whose certificate does, and nobody else', async () => {
    const upstream = await startRawUpstream((socket, soFar) => socket.end(`got ${soFar}`));
    closers.push(() => upstream.close());
    const clients = rulesFor(platform);
    const address = `127.0.0.1:${String(upstream.port)}`;
    const worker = await startWorker([{ hostname: APP, upstream: address, mode: 'tcp', clients }]);
    closers.push(() => worker.close());
    const exchange = async (client?: TestClient): Promise<string> => {
      const { key, cert } = client ?? {};
      const shown = key === undefined || cert === undefined ? {} : { key, cert };
      const { port } = worker;
      const options = { host: '127.0.0.1', port, servername: APP, rejectUnauthorized: false };
      const socket = connectTls({ ...options, ...shown });
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', () => undefined);
      // Before the client has been judged: nothing of it may be lost, or passed on.
      socket.once('secureConnect', () => socket.write('hello'));
      await once(socket, 'close');
      return Buffer.concat(chunks).toString();
    };
    expect(await exchange(await testClient({ platform, quote: true }))).toBe('got hello');
    expect(await exchange()).toBe('');
    expect(await exchange(await testClient({ platform }))).toBe('');
    expect(await exchange(await testClient({ quote: true }))).toBe('');
    expect(upstream.received).toEqual(['hello']);
    expect(worker.reports.map(({ event, code }) => [event, code])).toEqual([
      ['tcp-closed', undefined],
      ['tcp-closed', 'ERR_PROXY_PEER_REQUIRED'],
      ['tcp-closed', 'ERR_PROXY_PEER_REQUIRED'],
      ['peer-refused', 'ERR_PROXY_PEER_REFUSED'],
      ['tcp-closed', 'ERR_PROXY_PEER_REFUSED'],
    ]);
  });
});
