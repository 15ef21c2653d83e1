// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { request } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { answerTo, ask, oneConnection, target } from './https-client.ts';
import { exchangeRaw, openTls, readUntil } from './tls-client.ts';
import { HOST, WorkerSetups } from './worker-setups.ts';

const SOON = { timeoutMs: 4_000 };
const setups = new WorkerSetups();
afterEach(() => setups.close());

describe('Expect: 100-continue', () => {
  it('is answered by the upstream, not by the proxy', async () => {
    let asked: IncomingMessage | undefined;
    let pending: ServerResponse | undefined;
    const { worker, upstream } = await setups.http(() => undefined);
    upstream.server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      asked = incoming;
      pending = outgoing;
    });
    const outgoing = request(
      target(worker.port, HOST, {
        method: 'POST',
        headers: { Expect: '100-continue', 'Content-Length': '5' },
      }),
    );
    let continued = false;
    outgoing.on('continue', () => (continued = true));
    outgoing.flushHeaders();
    await waitFor(() => pending, SOON);
    expect(continued).toBe(false);
    pending!.writeContinue();
    await waitFor(() => continued, SOON);
    const answer = answerTo(outgoing);
    outgoing.end('hello');
    const [chunk] = (await once(asked!, 'data')) as [Buffer];
    pending!.end(`got ${chunk.toString()}`);
    expect((await answer).body).toBe('got hello');
  });

  it('closes the connection when a final answer comes instead', async () => {
    const { worker, upstream } = await setups.http(() => undefined);
    upstream.server.on('checkContinue', (_incoming, outgoing: ServerResponse) =>
      outgoing.writeHead(403).end(),
    );
    const agent = oneConnection();
    const outgoing = request(
      target(worker.port, HOST, {
        agent,
        method: 'POST',
        headers: { Expect: '100-continue', 'Content-Length': '5' },
      }),
    );
    outgoing.on('error', () => undefined);
    outgoing.flushHeaders();
    const answer = await answerTo(outgoing);
    agent.destroy();
    expect(answer.status).toBe(403);
    expect(answer.headers.connection).toBe('close');
  });
});

describe('1xx answers', () => {
  it('are relayed without identity fields', async () => {
    const { worker } = await setups.http((_incoming, outgoing) => {
      outgoing.socket!.write(
        'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Proofgate-Peer-Id: evil\r\n\r\n',
      );
      outgoing.end('ok');
    });
    const outgoing = request(target(worker.port, HOST));
    const seen: unknown[] = [];
    outgoing.on('information', (info) => seen.push(info.statusCode, info.rawHeaders));
    const answer = answerTo(outgoing);
    outgoing.end();
    expect((await answer).body).toBe('ok');
    expect(seen).toEqual([103, ['Link', '</a.css>; rel=preload']]);
  });
});

describe('a client that goes away', () => {
  it('makes the upstream request end', async () => {
    let closed = false;
    const { worker } = await setups.http((_incoming, outgoing) => {
      outgoing.on('close', () => (closed = true));
      outgoing.write('begin');
    });
    const outgoing = request(target(worker.port, HOST));
    outgoing.on('error', () => undefined);
    outgoing.end();
    await once(outgoing, 'response');
    outgoing.destroy();
    await waitFor(() => closed, SOON);
    expect(await waitFor(() => worker.accessLog[0], SOON)).toMatchObject({
      status: 200,
      code: 'ERR_PROXY_REQUEST_ABORTED',
    });
  });

  it('leaves nothing behind for later requests', async () => {
    const { worker } = await setups.http((incoming, outgoing) => {
      if (incoming.url === '/big') outgoing.end(Buffer.alloc(1_000_000));
      else outgoing.end('ok');
    });
    for (let n = 0; n < 30; n += 1) {
      const outgoing = request(target(worker.port, HOST, { path: '/big' }));
      outgoing.on('error', () => undefined);
      outgoing.end();
      await once(outgoing, 'response');
      outgoing.destroy();
    }
    expect((await ask(target(worker.port, HOST))).body).toBe('ok');
  });
});

describe('an answer before the end of the request', () => {
  it('reaches the client, and neither connection gets out of step', async () => {
    const { worker, upstream } = await setups.http((incoming, outgoing) => {
      if (incoming.method === 'POST') outgoing.writeHead(413).end('too much');
      else incoming.resume().on('end', () => outgoing.end('next'));
    });
    const agent = oneConnection();
    const outgoing = request(
      target(worker.port, HOST, { method: 'POST', agent, headers: { 'Content-Length': '200000' } }),
    );
    outgoing.write(Buffer.alloc(100_000));
    const answer = await answerTo(outgoing);
    expect(answer).toMatchObject({ status: 413, body: 'too much' });
    outgoing.end(Buffer.alloc(100_000));
    expect((await ask(target(worker.port, HOST, { agent }))).body).toBe('next');
    expect(upstream.connections()).toBe(2);
    agent.destroy();
  });
});

describe('content after an early answer', () => {
  it('may take no longer than other content', async () => {
    const { worker } = await setups.http(
      (incoming, outgoing) => {
        if (incoming.method === 'POST') outgoing.end('early');
      },
      { limits: { requestTimeoutMs: 300 } },
    );
    const outgoing = request(
      target(worker.port, HOST, {
        agent: oneConnection(),
        method: 'POST',
        headers: { 'Content-Length': '1000' },
      }),
    );
    outgoing.on('error', () => undefined);
    outgoing.write('x');
    const trickle = setInterval(() => outgoing.write('x'), 50);
    expect((await answerTo(outgoing)).body).toBe('early');
    await waitFor(() => outgoing.destroyed, SOON);
    clearInterval(trickle);
  });
});

describe('requests that do not wait for each other', () => {
  it('are answered in their order', async () => {
    const pending: ServerResponse[] = [];
    const { worker } = await setups.http((incoming, outgoing) => {
      if (incoming.url === '/slow') pending.push(outgoing);
      else outgoing.end(`fast ${String(incoming.url)}`);
    });
    const socket = await openTls(worker.port, HOST);
    const all = readUntil(socket, /fast \/2[^]*fast \/3/);
    for (const path of ['/slow', '/2', '/3']) {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    }
    const slow = await waitFor(() => pending[0], SOON);
    slow.end('slow /1');
    expect((await all).match(/(?:slow|fast) \/\d/g)).toEqual(['slow /1', 'fast /2', 'fast /3']);
    socket.destroy();
  });

  it('are answered up to one that is refused', async () => {
    const { worker } = await setups.http((_incoming, outgoing) => outgoing.end('fine'));
    const first = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    const refused = 'GET / HTTP/1.1\r\nHost: other.example.com\r\n\r\n';
    const text = await exchangeRaw(worker.port, HOST, first + refused + first);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 421']);
  });

  it('are sent on one after the other, and held back beyond a bound', async () => {
    let open = 0;
    const { worker } = await setups.http((_incoming, outgoing) => {
      open += 1;
      setTimeout(() => outgoing.end('fine'), 1);
      outgoing.once('close', () => (open -= 1));
      expect(open).toBe(1);
    });
    const one = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    const last = `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
    const answers = await exchangeRaw(worker.port, HOST, one.repeat(200) + last);
    expect(answers.match(/HTTP\/1\.1 200/g)).toHaveLength(201);
  });
});
