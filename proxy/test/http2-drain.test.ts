// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { get } from '../../test/h2/conformance-case.ts';
import { PREFACE, settings, TYPE } from '../../test/h2/frames.ts';
import { RawConnection } from '../../test/h2/raw-connection.ts';
import { answerOf, ask, openHttp2, start } from './http2-client.ts';
import { HOST, Http2Setups } from './http2-setup.ts';

const SOON = { timeoutMs: 4_000 };
const setups = new Http2Setups();
afterEach(() => setups.close());

describe('a connection of HTTP/2 that has to end', () => {
  it('says which requests it has seen: those are answered, and none that crosses the message', async () => {
    const pending: ServerResponse[] = [];
    const { worker } = await setups.http((_incoming, outgoing) => pending.push(outgoing));
    const raw = await RawConnection.open(worker.port, HOST);
    setups.closers.push(() => raw.close());
    raw.send(get(1));
    await waitFor(() => pending.length === 1, SOON);
    const drained = worker.worker.drain({ tunnelGraceMs: 0, deadlineMs: 4_000 });
    raw.send(get(3));
    const goodbye = await raw.frame(({ type }) => type === TYPE.goaway, 'GOAWAY');
    expect(goodbye.payload.readUInt32BE(0)).toBe(1);
    expect(goodbye.payload.readUInt32BE(4)).toBe(0);
    pending[0]?.end('done');
    expect(await raw.answer(1)).toMatchObject({ status: 200, body: 'done' });
    await drained;
    expect(pending).toHaveLength(1);
  });

  it('is closed although its client does not end its side', async () => {
    const { worker } = await setups.http((_incoming, outgoing) => outgoing.end('ok'));
    const plain = connect({ host: '127.0.0.1', port: worker.port, allowHalfOpen: true });
    const socket = connectTls({
      ...{ socket: plain, servername: HOST, rejectUnauthorized: false },
      ALPNProtocols: ['h2'],
    });
    setups.closers.push(() => void plain.destroy());
    await once(socket, 'secureConnect');
    socket.write(Buffer.concat([PREFACE, settings()]));
    await once(socket, 'data');
    socket.resume();
    const ended = once(socket, 'end');
    const drained = worker.worker.drain({ tunnelGraceMs: 0, deadlineMs: 60_000 });
    await ended;
    await drained;
  });

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
