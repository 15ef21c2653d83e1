// SPDX-License-Identifier: Apache-2.0
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answerEach, splitRequests, startRawUpstream, type RawUpstream } from './raw-upstream.ts';
import { startWorker, type TestWorker } from './test-worker.ts';
import { exchangeRaw, openTls, readUntil } from './tls-client.ts';

const HOST = 'app.example.com';
let upstream: RawUpstream;
let worker: TestWorker;

beforeAll(async () => {
  upstream = await startRawUpstream(answerEach());
  worker = await startWorker([{ hostname: HOST, upstream: upstream.upstream }]);
});
afterAll(async () => {
  await worker.close();
  await upstream.close();
});
afterEach(() => {
  for (const socket of upstream.sockets.splice(0)) socket.destroy();
  upstream.received.length = 0;
});

/** Sends one request, which must be accepted, and gives what the upstream saw. */
async function forwarded(request: string): Promise<{ head: string; body: string }> {
  const socket = await openTls(worker.port, HOST);
  const answer = readUntil(socket, /\r\n\r\nok$/);
  socket.write(Buffer.from(request, 'latin1'));
  expect(await answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  socket.destroy();
  const requests = splitRequests(upstream.received.join(''));
  expect(requests).toHaveLength(1);
  return requests[0]!;
}

function linesOf(head: string): string[] {
  return head.split('\r\n').slice(0, -1);
}

describe('what reaches the upstream', () => {
  it('keeps the order and the case of header fields, and duplicates', async () => {
    const { head } = await forwarded(
      `GET /a/b?c=%20d HTTP/1.1\r\nhOsT: ${HOST}\r\nX-Two: 1\r\naccept: */*\r\nX-Two: 2\r\n\r\n`,
    );
    expect(linesOf(head).slice(0, 5)).toEqual([
      'GET /a/b?c=%20d HTTP/1.1',
      `hOsT: ${HOST}`,
      'X-Two: 1',
      'accept: */*',
      'X-Two: 2',
    ]);
  });

  it.each(['GET', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'PROPFIND'])(
    'keeps a chunked %s chunked',
    async (method) => {
      const { head, body } = await forwarded(
        `${method} /x HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
      );
      expect(head).toMatch(/^transfer-encoding: chunked\r$/im);
      expect(head).not.toMatch(/content-length/i);
      expect(body).toBe('5\r\nhello\r\n0\r\n\r\n');
    },
  );

  it.each(['GET', 'DELETE', 'POST'])('keeps the length of a %s', async (method) => {
    const { head, body } = await forwarded(
      `${method} /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 5\r\n\r\nhello`,
    );
    expect(head).toMatch(/^content-length: 5\r$/im);
    expect(head).not.toMatch(/transfer-encoding/i);
    expect(body).toBe('hello');
  });

  it.each(['GET', 'HEAD', 'DELETE', 'OPTIONS'])(
    'gives a %s without content no framing field',
    async (method) => {
      const socket = await openTls(worker.port, HOST);
      const answer = readUntil(socket, /\r\n\r\n/);
      socket.write(`${method} /x HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      await answer;
      socket.destroy();
      expect(upstream.received.join('')).not.toMatch(/content-length|transfer-encoding/i);
    },
  );

  it.each(['POST', 'PUT', 'PROPFIND'])(
    'writes the length 0 of a %s without content',
    async (method) => {
      const { head } = await forwarded(`${method} /x HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      expect(head).toMatch(/^content-length: 0\r$/im);
    },
  );

  it('has the trailers of a chunked request', async () => {
    const { body } = await forwarded(
      `POST /x HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n` +
        '2\r\nhi\r\n0\r\nX-Sum: 7\r\nX-Proofgate-Peer-Id: evil\r\nAuthorization: evil\r\n\r\n',
    );
    expect(body).toBe('2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n');
  });

  it('has no hop-by-hop fields, and none that Connection names', async () => {
    const { head } = await forwarded(
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: keep-alive, X-Secret\r\nKeep-Alive: timeout=9\r\n` +
        'X-Secret: 1\r\nProxy-Connection: close\r\nProxy-Authorization: Basic x\r\nUpgrade: foo\r\nTE: gzip\r\nX-Kept: 1\r\n\r\n',
    );
    expect(head).not.toMatch(/x-secret|timeout=9|proxy-|upgrade|^te:/im);
    expect(head).toMatch(/^X-Kept: 1\r$/m);
  });

  it('keeps what Connection may not name', async () => {
    const { head, body } = await forwarded(
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 2\r\nConnection: host, content-length, x-forwarded-for\r\n\r\nhi`,
    );
    expect(head).toMatch(/^Host: app.example.com\r$/m);
    expect(head).toMatch(/^Content-Length: 2\r$/m);
    expect(head).toMatch(/^X-Forwarded-For: 127.0.0.1\r$/m);
    expect(body).toBe('hi');
  });

  it('keeps TE: trailers', async () => {
    const { head } = await forwarded(
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nTE: trailers, deflate;q=0.5\r\nConnection: TE\r\n\r\n`,
    );
    expect(head).toMatch(/^TE: trailers\r$/m);
  });

  it('has no identity field in any spelling', async () => {
    const { head } = await forwarded(
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-Proofgate-Peer-Measurement: evil\r\nx_proofgate_peer_id: evil\r\n` +
        'X-PRIVASYS-peer.verified: evil\r\nX-Privasys-Peer-Verified: evil\r\nX-Privasys-Peer-Verified: evil\r\nConnection: X-Privasys-Peer-Verified\r\n\r\n',
    );
    expect(head).not.toContain('evil');
  });

  it('has our forwarding fields in place of those of the client', async () => {
    const { head } = await forwarded(
      `GET / HTTP/1.1\r\nHost: ${HOST}:443\r\nX-Forwarded-For: 6.6.6.6\r\nx_forwarded_proto: http\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n\r\n`,
    );
    expect(head).not.toMatch(/6\.6\.6\.6|http\r/);
    expect(linesOf(head)).toEqual(
      expect.arrayContaining([
        'X-Forwarded-For: 127.0.0.1',
        'X-Forwarded-Proto: https',
        `X-Forwarded-Host: ${HOST}`,
      ]),
    );
  });

  it('has no name that a server might read as a framing field', async () => {
    const { head } = await forwarded(
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nContent_Length: 5\r\nTransfer_Encoding: chunked\r\n\r\n`,
    );
    expect(head).not.toMatch(/content_length|transfer_encoding/i);
  });

  it('is an HTTP/1.1 request for an HTTP/1.0 client', async () => {
    const text = await exchangeRaw(worker.port, HOST, `GET / HTTP/1.0\r\nHost: ${HOST}\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(upstream.received.join('')).toMatch(/^GET \/ HTTP\/1.1\r\n/);
  });
});
