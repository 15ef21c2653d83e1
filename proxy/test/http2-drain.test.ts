// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { answerOf, ask, openHttp2, start } from './http2-client.ts';
import { HOST, Http2Setups } from './http2-setup.ts';

const SOON = { timeoutMs: 4_000 };
const setups = new Http2Setups();
afterEach(() => setups.close());

describe('a connection of HTTP/2 that has to end', () => {
  it('is told so, and ends after the answers that are under way: a worker that drains', async () => {
    let pending: ServerResponse | undefined;
    const { session, worker } = await setups.http((_incoming, outgoing) => (pending = outgoing));
    const answer = answerOf(start(session, HOST));
    await waitFor(() => pending, SOON);
    const goodbye = once(session, 'goaway');
    const closed = once(session, 'close');
    const drained = worker.worker.drain({ tunnelGraceMs: 0, deadlineMs: 4_000 });
    await goodbye;
    pending?.end('done');
    expect(await answer).toMatchObject({ status: 200, body: 'done', rstCode: 0 });
    await closed;
    await drained;
  });

  it('is told so when its host has another identity, and the next one shows that', async () => {
    let pending: ServerResponse | undefined;
    const { session, worker, upstream } = await setups.http((_incoming, outgoing) => {
      pending = outgoing;
    });
    const answer = answerOf(start(session, HOST));
    await waitFor(() => pending, SOON);
    const goodbye = once(session, 'goaway');
    worker.apply([{ hostname: HOST, upstream: upstream.upstream, generation: 1 }]);
    await goodbye;
    pending?.end('done');
    expect(await answer).toMatchObject({ status: 200, body: 'done' });
    await waitFor(() => session.closed, SOON);
    const next = await openHttp2(worker.port, HOST);
    setups.closers.push(() => next.destroy());
    const again = answerOf(start(next, HOST));
    await waitFor(() => pending?.writableEnded === false, SOON);
    pending?.end('again');
    expect((await again).body).toBe('again');
  });

  it('is left alone when nothing about its host has changed', async () => {
    const { session, worker, upstream } = await setups.http((_incoming, outgoing) => {
      outgoing.end('ok');
    });
    let told = false;
    session.once('goaway', () => (told = true));
    worker.apply([{ hostname: HOST, upstream: upstream.upstream }]);
    expect((await ask(session, HOST)).status).toBe(200);
    expect((await ask(session, HOST)).status).toBe(200);
    expect(told).toBe(false);
  });
});
