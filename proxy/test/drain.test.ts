// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { request } from 'node:https';
import { connect as tcpConnect } from 'node:net';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { startHttpUpstream } from './http-upstream.ts';
import { answerTo, ask, oneConnection, target } from './https-client.ts';
import { startRawUpstream } from './raw-upstream.ts';
import { startWorker } from './test-worker.ts';
import { openTls, readAll } from './tls-client.ts';

const HOST = 'app.example.com';
const SOON = { timeoutMs: 4_000 };
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('a worker that drains', () => {
  it('refuses new connections, closes idle ones and finishes what is under way', async () => {
    let pending: ServerResponse | undefined;
    const upstream = await startHttpUpstream((incoming, outgoing) => {
      if (incoming.url === '/slow') pending = outgoing;
      else outgoing.end('ok');
    });
    closers.push(() => upstream.close());
    const worker = await startWorker([{ hostname: HOST, upstream: upstream.upstream }]);

    const idle = oneConnection();
    await ask(target(worker.port, HOST, { agent: idle }));
    const slow = request(target(worker.port, HOST, { path: '/slow', agent: oneConnection() }));
    const answer = answerTo(slow);
    slow.end();
    await waitFor(() => pending, SOON);

    const drained = worker.worker.drain({ tunnelGraceMs: 0, deadlineMs: 10_000 });
    await waitFor(() => Object.keys(idle.freeSockets).length === 0, SOON);
    const refused = tcpConnect(worker.port, '127.0.0.1');
    const [error] = (await once(refused, 'error')) as [Error & { code: string }];
    expect(error.code).toBe('ECONNREFUSED');

    pending!.end('at last');
    expect(await answer).toMatchObject({ status: 200, body: 'at last' });
    expect((await answer).headers.connection).toBe('close');
    await drained;
  });

  it('lets tunnels go on for their grace', async () => {
    const upstream = await startRawUpstream((socket, soFar) => socket.write(soFar));
    closers.push(() => upstream.close());
    const worker = await startWorker([
      { hostname: HOST, mode: 'tcp', upstream: `127.0.0.1:${String(upstream.port)}` },
    ]);
    const socket = await openTls(worker.port, HOST);
    const all = readAll(socket);
    socket.write('a');
    await waitFor(() => upstream.received[0] === 'a', SOON);
    const drained = worker.worker.drain({ tunnelGraceMs: 300, deadlineMs: 10_000 });
    socket.write('b');
    await drained;
    expect(await all).toBe('aab');
  });

  it('cuts at the deadline what has not finished', async () => {
    const upstream = await startHttpUpstream(() => undefined);
    closers.push(() => upstream.close());
    const worker = await startWorker([{ hostname: HOST, upstream: upstream.upstream }]);
    const answer = ask(target(worker.port, HOST)).catch((error: unknown) => error);
    await waitFor(() => upstream.connections() === 1, SOON);
    await worker.worker.drain({ tunnelGraceMs: 0, deadlineMs: 200 });
    expect(await answer).toMatchObject({ code: 'ECONNRESET' });
  });
});
