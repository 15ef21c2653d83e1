// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { answerOf, ask, start } from './http2-client.ts';
import { contentOf, HOST, Http2Setups } from './http2-setup.ts';
import { answerEach } from './raw-upstream.ts';
import { MAX_BROKEN_OFF } from '../src/http2/http2-connection.ts';

const SOON = { timeoutMs: 4_000 };
const setups = new Http2Setups();
afterEach(() => setups.close());

describe('a request over HTTP/2', () => {
  it('may follow many others on its connection', async () => {
    const { session, worker } = await setups.raw(answerEach());
    for (let count = 0; count < MAX_BROKEN_OFF.burst + 50; count += 50) {
      const answers = Array.from({ length: 50 }, () => ask(session, HOST));
      for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
    }
    expect(worker.accessLog.filter(({ code }) => code !== undefined)).toEqual([]);
  });

  it('reaches an HTTP/1.1 upstream as the request that means the same', async () => {
    const { session, received } = await setups.raw(answerEach());
    const answer = await ask(session, HOST, {
      ':path': '/a?b=c',
      'x-one': '1',
      'x-proofgate-peer-id': 'evil',
      forwarded: 'for=6.6.6.6',
      'x-forwarded-for': '6.6.6.6',
      te: 'trailers',
      cookie: ['a=1', 'b=2'],
    });
    expect(answer).toMatchObject({ status: 200, body: 'ok', rstCode: 0 });
    expect(received[0]?.split('\r\n')).toEqual([
      'GET /a?b=c HTTP/1.1',
      `Host: ${HOST}`,
      'x-one: 1',
      'te: trailers',
      'Cookie: a=1; b=2',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: https',
      `X-Forwarded-Host: ${HOST}`,
      '',
      '',
    ]);
  });

  it('has its length when it says one, and is chunked otherwise', async () => {
    const { session } = await setups.http(async (incoming, outgoing) => {
      const { headers } = incoming;
      const body = (await contentOf(incoming)).toString();
      outgoing.end(JSON.stringify([headers['content-length'], headers['transfer-encoding'], body]));
    });
    const bodyOf = async (fields: Record<string, string>, body?: string): Promise<unknown> =>
      JSON.parse((await ask(session, HOST, { ':method': 'POST', ...fields }, body)).body);
    expect(await bodyOf({ 'content-length': '5' }, 'hello')).toEqual(['5', null, 'hello']);
    expect(await bodyOf({}, 'hello')).toEqual([null, 'chunked', 'hello']);
    expect(await bodyOf({})).toEqual(['0', null, '']);
    expect(await bodyOf({ ':method': 'DELETE' }, 'hello')).toEqual([null, 'chunked', 'hello']);
  });

  it('passes trailers on in both directions', async () => {
    const { session } = await setups.http(async (incoming, outgoing) => {
      await contentOf(incoming);
      outgoing.writeHead(200, { Trailer: 'x-sum' });
      outgoing.write('content');
      outgoing.addTrailers({ 'x-sum': String(incoming.trailers['x-sent']), 'X-Two': '2' });
      outgoing.end();
    });
    const stream = session.request(
      { ':method': 'POST', ':authority': HOST, trailer: 'x-sent' },
      { waitForTrailers: true, endStream: false },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sent': '42', host: 'evil' }));
    const answer = answerOf(stream);
    stream.end('hello');
    expect(await answer).toMatchObject({
      status: 200,
      body: 'content',
      trailers: { 'x-sum': '42', 'x-two': '2' },
    });
  });

  it('gets interim responses, and 100 when it asked for it and the upstream agrees', async () => {
    const { session, upstream } = await setups.http(() => undefined);
    upstream.server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      outgoing.writeEarlyHints({ link: '</a.css>; rel=preload' });
      outgoing.writeContinue();
      void contentOf(incoming).then((content) => outgoing.end(content));
    });
    const stream = start(session, HOST, { ':method': 'PUT', expect: '100-continue' }, false);
    const answer = answerOf(stream);
    await once(stream, 'continue');
    stream.end('held back');
    expect(await answer).toMatchObject({ status: 200, body: 'held back' });
    expect((await answer).interim).toContain(103);
  });

  it.each([
    ['HEAD', 200, '11'],
    ['GET', 204, undefined],
    ['GET', 304, undefined],
  ])('%s answered with %i has no content', async (method, status, length) => {
    const { session } = await setups.http((_incoming, outgoing) => {
      outgoing.writeHead(status, length === undefined ? {} : { 'content-length': length });
      outgoing.end();
    });
    const answer = await ask(session, HOST, { ':method': method });
    expect(answer).toMatchObject({ status, body: '', rstCode: 0 });
    expect(answer.headers['content-length']).toBe(length);
  });

  it('gets no fields of a connection, and repeated ones as they were', async () => {
    const { session } = await setups.raw(
      answerEach(
        'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n' +
          'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Encoding: a\r\nContent-Encoding: b\r\n' +
          'X-Content-Type-Options: nosniff\r\nX-Content-Type-Options: nosniff\r\n' +
          'Content-Length: 2\r\n\r\nok',
      ),
    );
    const { headers } = await ask(session, HOST);
    expect(Object.keys(headers).filter((name) => !name.startsWith(':'))).toEqual([
      'set-cookie',
      'content-encoding',
      'x-content-type-options',
      'content-length',
      'date',
    ]);
    expect(headers).toMatchObject({
      'set-cookie': ['a=1', 'b=2'],
      'content-encoding': 'a, b',
      'x-content-type-options': 'nosniff',
    });
  });

  it('gets fields by the names of what every object has', async () => {
    const { session } = await setups.raw(
      answerEach(
        'HTTP/1.1 200 OK\r\nConstructor: a\r\n__proto__: b\r\n__proto__: c\r\nContent-Length: 2\r\n\r\nok',
      ),
    );
    const stream = start(session, HOST);
    const answered = once(stream, 'response');
    await answerOf(stream);
    const [, , raw] = (await answered) as [unknown, unknown, string[]];
    const sent = raw.slice(raw.indexOf('constructor'), raw.indexOf('content-length'));
    expect(sent).toEqual(['constructor', 'a', '__proto__', 'b', '__proto__', 'c']);
  });

  it('is answered with 502 when the answer says two things', async () => {
    const { session, worker } = await setups.raw(
      answerEach('HTTP/1.1 200 OK\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n'),
    );
    const answer = await ask(session, HOST);
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_PROXY_UPSTREAM_INVALID' });
    await waitFor(() => worker.accessLog.length === 1, SOON);
  });

  it('shares its connection with others, which do not wait for it', async () => {
    const { session, worker } = await setups.http((incoming, outgoing) => {
      const delay = Number(incoming.url?.slice(1));
      setTimeout(() => outgoing.end(String(delay)), delay);
    });
    const order: string[] = [];
    const delays = ['/80', '/40', '/1', '/60', '/20'];
    await Promise.all(
      delays.map(async (path) => {
        const { body } = await ask(session, HOST, { ':path': path });
        order.push(body);
      }),
    );
    expect(order).toHaveLength(5);
    expect(order[0]).not.toBe('80');
    expect(order[4]).toBe('80');
    expect(worker.accessLog).toHaveLength(5);
  });

  it('sees the evidence of its connection', async () => {
    const { session } = await setups.http(() => undefined, { document: Buffer.from('{"a":1}') });
    const path = { ':path': '/.well-known/attestation' };
    expect(await ask(session, HOST, path)).toMatchObject({ status: 200, body: '{"a":1}' });
    const answer = await ask(session, HOST, { ...path, ':method': 'PUT' }, 'content');
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, POST' } });
    expect(answer.rstCode).toBe(0);
  });
});
