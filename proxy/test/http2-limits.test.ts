// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { get, post } from '../../test/h2/conformance-case.ts';
import { data, FLAG, frame, ping, rstStream, settings, TYPE } from '../../test/h2/frames.ts';
import { RawConnection } from '../../test/h2/raw-connection.ts';
import { MAX_BROKEN_OFF, MAX_CONTROL_FRAMES } from '../src/http2/http2-connection.ts';
import { MAX_CONCURRENT_STREAMS } from '../src/http2/http2-front.ts';
import { ask, start } from './http2-client.ts';
import { HOST, Http2Setups } from './http2-setup.ts';
import { answerEach } from './raw-upstream.ts';
import type { TestWorker } from './test-worker.ts';

const SOON = { timeoutMs: 4_000 };
const setups = new Http2Setups();
afterEach(() => setups.close());

async function open(worker: TestWorker): Promise<RawConnection> {
  const raw = await RawConnection.open(worker.port, HOST);
  setups.closers.push(() => raw.close());
  return raw;
}

describe('a connection of HTTP/2', () => {
  it('that opens and resets streams without end is told to calm down', async () => {
    let arrived = 0;
    const { worker } = await setups.raw(() => void (arrived += 1));
    const raw = await open(worker);
    for (let count = 0; count < MAX_BROKEN_OFF.burst + 50; count += 1) {
      raw.send(get(2 * count + 1), rstStream(2 * count + 1));
    }
    expect(await raw.connectionError()).toBe('ENHANCE_YOUR_CALM');
    expect(arrived).toBeLessThanOrEqual(MAX_BROKEN_OFF.burst + 1);
  });

  it.each([
    ['PING', (): Buffer => ping()],
    ['SETTINGS', (): Buffer => settings()],
  ])('that sends %s without end is told to calm down', async (_name, one) => {
    const { worker } = await setups.raw(answerEach());
    const raw = await open(worker);
    const many = Buffer.concat(Array.from({ length: 100 }, one));
    for (let sent = 0; sent < MAX_CONTROL_FRAMES.burst * 2 && !raw.closed; sent += 100) {
      raw.send(many);
      await new Promise((resolve) => setImmediate(resolve));
    }
    // The reset of a connection that was still being written to can overtake the reason.
    expect([undefined, 'ENHANCE_YOUR_CALM']).toContain(await raw.connectionError());
  });

  it('that sends empty DATA without end is ended', async () => {
    const { worker } = await setups.raw(answerEach());
    const raw = await open(worker);
    raw.send(post(1), ...Array.from({ length: 300 }, () => data(1, '', 0)));
    await raw.connectionError();
  });

  it('has a bounded number of streams', async () => {
    let arrived = 0;
    const { worker } = await setups.raw(() => void (arrived += 1));
    const raw = await open(worker);
    for (let count = 0; count < MAX_CONCURRENT_STREAMS; count += 1) raw.send(get(2 * count + 1));
    await waitFor(() => arrived === MAX_CONCURRENT_STREAMS, SOON);
    expect(await raw.alive()).toBe(true);
    raw.send(get(2 * MAX_CONCURRENT_STREAMS + 1));
    expect([undefined, 'PROTOCOL_ERROR']).toContain(await raw.connectionError());
    expect(arrived).toBe(MAX_CONCURRENT_STREAMS);
  });

  it('without a request is closed, in order', async () => {
    const { worker } = await setups.on('http://127.0.0.1:1', {}, { keepAliveTimeoutMs: 200 });
    const raw = await open(worker);
    await waitFor(() => raw.closed, SOON);
    const goodbye = raw.frames.find(({ type }) => type === TYPE.goaway);
    expect(goodbye?.payload.readUInt32BE(4)).toBe(0);
  });

  it('without a preface is closed', async () => {
    const { worker } = await setups.on('http://127.0.0.1:1', {}, { headersTimeoutMs: 200 });
    const raw = await RawConnection.connect(worker.port, HOST);
    await waitFor(() => raw.closed, SOON);
    const wrong = await RawConnection.connect(worker.port, HOST);
    wrong.send(Buffer.from(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`));
    await waitFor(() => wrong.closed, SOON);
  });

  it('whose client stops in the middle of a head is closed', async () => {
    const { worker } = await setups.on('http://127.0.0.1:1', {}, { keepAliveTimeoutMs: 200 });
    const raw = await open(worker);
    raw.send(frame(TYPE.headers, FLAG.endStream, 1, Buffer.from([0x82])));
    await waitFor(() => raw.closed, SOON);
  });
});

describe('a request of HTTP/2', () => {
  it.each([
    [
      'many fields',
      Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`x-${String(n)}`, 'y'])),
    ],
    ['large fields', { 'x-large': 'y'.repeat(20_000) }],
  ])('with too %s is answered with 431', async (_what, fields) => {
    const { session } = await setups.raw(answerEach());
    const answer = await ask(session, HOST, fields);
    expect(answer.status).toBe(431);
    expect((await ask(session, HOST)).status).toBe(200);
  });

  it('with far too large a head is reset, and others go on', async () => {
    const { worker } = await setups.raw(answerEach());
    const raw = await open(worker);
    raw.send(
      get(1, ['x-a', 'y'.repeat(8_000)], ...Array.from({ length: 210 }, () => ['x', 'y'] as const)),
    );
    expect((await raw.answer(1)).reset).toBe('ENHANCE_YOUR_CALM');
    raw.send(get(3));
    expect((await raw.answer(3)).status).toBe(200);
  });

  it('with too much content is answered with 413, whether it says so or not', async () => {
    const { session } = await setups.http((incoming) => incoming.resume(), {
      limits: { bodyBytes: 1_000 },
    });
    const method = { ':method': 'POST' };
    const said = await ask(
      session,
      HOST,
      { ...method, 'content-length': 2_000 },
      'x'.repeat(2_000),
    );
    expect(said.status).toBe(413);
    expect((await ask(session, HOST, method, 'x'.repeat(2_000))).status).toBe(413);
  });

  it('has to bring its content in time', async () => {
    const { session } = await setups.http(() => undefined, { limits: { requestTimeoutMs: 200 } });
    const stream = start(session, HOST, { ':method': 'POST' }, false);
    stream.write('some');
    const [fields] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(fields[':status']).toBe(408);
  });

  it('for another host is misdirected, on a connection that goes on', async () => {
    const { session } = await setups.raw(answerEach());
    const answer = await ask(session, 'other.example.com');
    expect(answer.status).toBe(421);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_PROXY_REQUEST_MISDIRECTED' });
    expect((await ask(session, HOST)).status).toBe(200);
  });

  it('whose answer nobody reads is reset', async () => {
    const { worker } = await setups.http(
      (_incoming, outgoing) => outgoing.end(Buffer.alloc(100_000)),
      {
        limits: { idleTimeoutMs: 300 },
      },
    );
    const raw = await open(worker);
    raw.send(get(1));
    await waitFor(() => worker.accessLog[0], SOON);
    expect(worker.accessLog[0]?.code).toBeDefined();
    expect((await raw.answer(1)).reset).toBeDefined();
  });
});
