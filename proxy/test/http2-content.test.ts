// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { post } from '../../test/h2/conformance-case.ts';
import { data, rstStream } from '../../test/h2/frames.ts';
import { RawConnection } from '../../test/h2/raw-connection.ts';
import { answerOf, ask, start } from './http2-client.ts';
import { HOST, Http2Setups } from './http2-setup.ts';

const SOON = { timeoutMs: 4_000 };
const setups = new Http2Setups();
afterEach(() => setups.close());

describe('content over HTTP/2', () => {
  it('passes in both directions, whatever its size', async () => {
    const { session, worker } = await setups.http(
      (incoming, outgoing) => void incoming.pipe(outgoing),
    );
    const body = Buffer.alloc(3_000_000, 'content of some length;');
    const answer = await ask(session, HOST, { ':method': 'POST' }, body);
    expect(answer.body === body.toString('latin1')).toBe(true);
    expect(worker.accessLog[0]).toMatchObject({
      status: 200,
      bytesIn: body.length,
      bytesOut: body.length,
    });
  });

  it('is taken from an upstream no faster than the client reads', async () => {
    let sent = 0;
    let stopped = false;
    const { session } = await setups.http((_incoming, outgoing) => {
      const send = (): void => {
        while (sent < 50_000_000) {
          sent += 65_536;
          if (!outgoing.write(Buffer.alloc(65_536))) {
            stopped = true;
            outgoing.once('drain', send);
            return;
          }
        }
        outgoing.end();
      };
      send();
    });
    const stream = start(session, HOST);
    await once(stream, 'response');
    await waitFor(() => stopped, SOON);
    await settled(() => sent);
    expect(sent).toBeLessThan(10_000_000);
    const { body } = await answerOf(stream);
    expect(body).toHaveLength(sent);
  });

  it('is taken from a client no faster than the upstream reads', async () => {
    let incoming: IncomingMessage | undefined;
    const { session } = await setups.http(
      (message, outgoing) => {
        incoming = message;
        message.once('end', () => outgoing.end('thanks'));
      },
      { limits: { bodyBytes: 100_000_000 } },
    );
    const stream = start(session, HOST, { ':method': 'POST' }, false);
    const answer = answerOf(stream);
    let sent = 0;
    const send = (): void => {
      while (sent < 40_000_000) {
        sent += 65_536;
        if (!stream.write(Buffer.alloc(65_536))) {
          stream.once('drain', send);
          return;
        }
      }
      stream.end();
    };
    send();
    await waitFor(() => incoming, SOON);
    await settled(() => sent);
    expect(sent).toBeLessThan(15_000_000);
    incoming?.resume();
    expect(await answer).toMatchObject({ status: 200, body: 'thanks' });
  });

  it('need not be sent to the end when the answer is there before', async () => {
    const { session, worker } = await setups.http((_incoming, outgoing) => {
      outgoing.writeHead(403, { connection: 'close' });
      outgoing.end('no');
    });
    const stream = start(session, HOST, { ':method': 'POST' }, false);
    const answer = answerOf(stream);
    stream.write('some');
    // NO_ERROR: stop sending, and believe what you have (RFC 9113 section 8.1).
    expect(await answer).toMatchObject({ status: 403, body: 'no', rstCode: 0 });
    expect((await ask(session, HOST)).status).toBe(403);
    await waitFor(() => worker.accessLog.length === 2, SOON);
    expect(worker.accessLog.map(({ code }) => code)).toEqual([undefined, undefined]);
  });

  it('is streamed event by event', async () => {
    let push: ((event: string) => void) | undefined;
    const { session } = await setups.http((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.flushHeaders();
      push = (event) => void outgoing.write(`data: ${event}\n\n`);
    });
    const stream = start(session, HOST, { accept: 'text/event-stream' });
    await once(stream, 'response');
    for (const event of ['one', 'two', 'three']) {
      push?.(event);
      const [chunk] = (await once(stream, 'data')) as [Buffer];
      expect(chunk.toString()).toBe(`data: ${event}\n\n`);
    }
    stream.close();
  });
});

describe('what is broken off', () => {
  it('by the client, is broken off at the upstream', async () => {
    let closed = false;
    const { session, worker } = await setups.http((incoming, outgoing) => {
      incoming.socket.once('close', () => (closed = true));
      outgoing.write('begun');
    });
    const stream = start(session, HOST);
    await once(stream, 'data');
    stream.close(8);
    await waitFor(() => closed, SOON);
    const record = await waitFor(() => worker.accessLog[0], SOON);
    expect(record).toMatchObject({ status: 200, code: 'ERR_PROXY_REQUEST_ABORTED' });
    expect(session.closed).toBe(false);
  });

  it.each<[string, (connection: RawConnection) => void]>([
    ['with CANCEL', (connection) => connection.send(rstStream(1, 8))],
    ['with NO_ERROR', (connection) => connection.send(rstStream(1, 0))],
    ['with its connection', (connection) => connection.close()],
  ])('by the client in its content, %s, is broken off at the upstream', async (_how, breakOff) => {
    const seen: (boolean | 'data')[] = [];
    const { worker } = await setups.http((incoming) => {
      incoming.on('data', () => seen.push('data'));
      incoming.on('error', () => undefined);
      incoming.once('close', () => seen.push(incoming.complete));
    });
    const connection = await RawConnection.open(worker.port, HOST);
    setups.closers.push(() => connection.close());
    connection.send(post(1), data(1, 'some', 0));
    await waitFor(() => seen.length > 0, SOON);
    breakOff(connection);
    await waitFor(() => seen.length > 1, SOON);
    expect(seen).toEqual(['data', false]);
  });

  it('by the upstream, is broken off at the client', async () => {
    const { session, worker } = await setups.raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this');
      socket.end();
    });
    const answer = await ask(session, HOST);
    expect(answer).toMatchObject({ status: 200, rstCode: 2 });
    expect(worker.accessLog[0]).toMatchObject({ code: 'ERR_PROXY_UPSTREAM_CLOSED' });
    expect(session.closed).toBe(false);
  });

  it('before there is an answer, is a 502 on a connection that goes on', async () => {
    const { session } = await setups.raw((socket) => socket.destroy());
    const answer = await ask(session, HOST, { ':method': 'POST' }, 'content');
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_PROXY_UPSTREAM_CLOSED' });
    expect((await ask(session, HOST)).status).toBe(502);
  });
});

/** Waits until a number has stopped to grow. */
async function settled(read: () => number): Promise<void> {
  let before = -1;
  let same = 0;
  await waitFor(
    () => {
      same = read() === before ? same + 1 : 0;
      before = read();
      return same >= 10;
    },
    { timeoutMs: 10_000 },
  );
}
