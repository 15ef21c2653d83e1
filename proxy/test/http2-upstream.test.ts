// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { OPEN } from '../../test/h2/conformance-case.ts';
import {
  data,
  FrameReader,
  headers,
  PREFACE,
  rstStream,
  settings,
  settingsAck,
  TYPE,
} from '../../test/h2/frames.ts';
import { block } from '../../test/h2/hpack.ts';
import { ask as askHttp1, target } from './https-client.ts';
import { answerOf, ask } from './http2-client.ts';
import { HOST, Http2Setups } from './http2-setup.ts';
import { startRawUpstream } from './raw-upstream.ts';

const setups = new Http2Setups();
afterEach(() => setups.close());

type Answer = (stream: ServerHttp2Stream, raw: string[]) => void;

/** An HTTP/2 server without TLS. */
async function upstream(answer: Answer, path?: string): Promise<string> {
  const server: Http2Server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on(
    'stream',
    (stream: ServerHttp2Stream, _fields: unknown, ...rest: [number, string[]]) => {
      stream.on('error', () => undefined);
      answer(stream, rest[1]);
    },
  );
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(path, resolve);
  });
  setups.closers.push(async () => {
    for (const session of sessions) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  if (path !== undefined) return `h2c+unix:${path}`;
  const { port } = server.address() as AddressInfo;
  return `h2c://127.0.0.1:${String(port)}`;
}

function answerOk(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'text/plain' });
  stream.end('ok');
}

describe('an upstream that speaks HTTP/2', () => {
  it('gets the same fields as any other, by the names of HTTP/2', async () => {
    let seen: string[] = [];
    const at = await upstream((stream, raw) => {
      seen = raw;
      answerOk(stream);
    });
    const { session } = await setups.on(at);
    const fields = { ':path': '/a?b', te: 'trailers', 'x-proofgate-peer-id': 'evil' };
    expect(await ask(session, HOST, fields)).toMatchObject({ status: 200, body: 'ok' });
    expect(seen).toEqual([
      ...[':method', 'GET', ':scheme', 'http', ':path', '/a?b', ':authority', HOST],
      ...['te', 'trailers', 'x-forwarded-for', '127.0.0.1', 'x-forwarded-proto', 'https'],
      ...['x-forwarded-host', HOST],
    ]);
  });

  it('answers clients of HTTP/1.1 too', async () => {
    const at = await upstream((stream) => {
      let content = '';
      stream.on('data', (chunk: Buffer) => (content += chunk.toString()));
      stream.on('end', () => {
        stream.respond({ ':status': 201 }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
        stream.end(content.toUpperCase());
      });
    });
    const { worker } = await setups.on(at);
    const answer = await askHttp1(target(worker.port, HOST, { method: 'POST' }), 'content');
    expect(answer).toMatchObject({ status: 201, body: 'CONTENT', trailers: { 'x-sum': '42' } });
    const upgrade = { Connection: 'Upgrade', Upgrade: 'x' };
    expect((await askHttp1(target(worker.port, HOST, { headers: upgrade }))).status).toBe(400);
  });

  it('may listen on a unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'proofgate-h2c-'));
    setups.closers.push(() => rm(directory, { recursive: true }));
    const { session } = await setups.on(await upstream(answerOk, join(directory, 'app.sock')));
    expect((await ask(session, HOST)).body).toBe('ok');
  });

  it('is asked once more for what it refused to look at, and for nothing else', async () => {
    let asked = 0;
    const at = await upstream((stream) => {
      asked += 1;
      if (asked === 1) stream.close(7);
      else if (asked === 2) answerOk(stream);
      else stream.close(2);
    });
    const { session } = await setups.on(at);
    expect(await ask(session, HOST)).toMatchObject({ status: 200, body: 'ok' });
    expect(asked).toBe(2);
    const answer = await ask(session, HOST);
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_PROXY_UPSTREAM_CLOSED' });
    expect(asked).toBe(3);
  });

  it.each([
    ['NO_ERROR', 0, 2],
    ['PROTOCOL_ERROR', 1, 2],
    ['INTERNAL_ERROR', 2, 2],
    ['REFUSED_STREAM, which is not true any more', 7, 2],
    ['CANCEL', 8, 8],
    ['ENHANCE_YOUR_CALM', 11, 11],
    ['HTTP_1_1_REQUIRED', 13, 2],
  ])('breaks off its answer with %s, and so that of the client', async (_name, code, expected) => {
    const begun = [headers(1, block([':status', '200']), OPEN), data(1, 'begun', 0)];
    const broken = await startRawUpstream((socket, soFar) => {
      if (socket.bytesWritten > 0) return;
      const frames = new FrameReader().push(Buffer.from(soFar.slice(PREFACE.length), 'latin1'));
      if (!frames.some(({ type }) => type === TYPE.headers)) return;
      socket.write(Buffer.concat([settings(), settingsAck(), ...begun, rstStream(1, code)]));
    });
    setups.closers.push(() => broken.close());
    const { session } = await setups.on(broken.upstream.replace('http:', 'h2c:'));
    expect(await ask(session, HOST)).toMatchObject({ status: 200, rstCode: expected });
  });

  it.each([
    ['CANCEL', 8, 502, 'ERR_PROXY_UPSTREAM_CANCELLED'],
    ['ENHANCE_YOUR_CALM', 11, 503, 'ERR_PROXY_UPSTREAM_OVERLOADED'],
    ['INTERNAL_ERROR', 2, 502, 'ERR_PROXY_UPSTREAM_CLOSED'],
  ])('that answers with %s alone is an error like others', async (_name, reset, status, code) => {
    const { session } = await setups.on(await upstream((stream) => stream.close(reset)));
    const answer = await ask(session, HOST);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ code });
  });

  it('that does not look at content lets the client send it again, who alone has it', async () => {
    let asked = 0;
    const at = await upstream((stream) => {
      asked += 1;
      stream.close(7);
    });
    const { session, worker } = await setups.on(at);
    const fields = { ':method': 'POST' };
    expect(await ask(session, HOST, fields, 'content')).toMatchObject({ status: 0, rstCode: 7 });
    expect(asked).toBe(1);
    const answer = await askHttp1(target(worker.port, HOST, { method: 'POST' }), 'content');
    expect(answer.status).toBe(503);
    expect(worker.accessLog.at(-1)).toMatchObject({ code: 'ERR_PROXY_UPSTREAM_REFUSED' });
  });

  it('gets trailers that were not announced', async () => {
    const seen: unknown[] = [];
    const at = await upstream((stream) => {
      stream.on('trailers', (fields: Record<string, unknown>) => seen.push(fields['x-sum']));
      stream.resume().once('end', () => answerOk(stream));
    });
    const { session } = await setups.on(at);
    const request = session.request(
      { ':method': 'POST', ':authority': HOST },
      { waitForTrailers: true },
    );
    request.on('wantTrailers', () => request.sendTrailers({ 'x-sum': '42' }));
    const answer = answerOf(request);
    request.end('content');
    expect((await answer).status).toBe(200);
    expect(seen).toEqual(['42']);
    const plain = await ask(session, HOST, { ':method': 'POST' }, 'content');
    expect(plain.status).toBe(200);
  });

  it('has to answer in time', async () => {
    const { session } = await setups.on(await upstream(() => undefined), {
      limits: { responseTimeoutMs: 200 },
    });
    expect((await ask(session, HOST)).status).toBe(504);
    expect((await ask(session, HOST, { ':method': 'POST' }, 'content')).status).toBe(504);
  });

  it('has to speak it', async () => {
    const other = await startRawUpstream((socket) => {
      socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    setups.closers.push(() => other.close());
    const { session } = await setups.on(other.upstream.replace('http:', 'h2c:'));
    expect((await ask(session, HOST)).status).toBe(502);
    const silent = await startRawUpstream(() => undefined);
    setups.closers.push(() => silent.close());
    const { session: waiting } = await setups.on(silent.upstream.replace('http:', 'h2c:'), {
      limits: { connectTimeoutMs: 200 },
    });
    expect((await ask(waiting, HOST)).status).toBe(504);
  });
});
