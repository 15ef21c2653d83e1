// SPDX-License-Identifier: Apache-2.0
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answerEach, startRawUpstream, type RawUpstream } from './raw-upstream.ts';
import { startWorker, type TestWorker } from './test-worker.ts';
import { exchangeRaw } from './tls-client.ts';

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

interface Refused {
  readonly name: string;
  readonly request: string;
  readonly status: number;
  readonly code: string;
}

const head = (fields: string, line = 'POST / HTTP/1.1'): string =>
  `${line}\r\nHost: ${HOST}\r\n${fields}\r\n`;
const MALFORMED = 'ERR_PROXY_REQUEST_MALFORMED';
const FRAMING = 'ERR_PROXY_REQUEST_FRAMING';

const REFUSED: readonly Refused[] = [
  {
    name: 'CL and TE',
    request: head('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n') + '0\r\n\r\n',
    status: 400,
    code: FRAMING,
  },
  {
    name: 'TE and CL',
    request: head('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n') + '0\r\n\r\n',
    status: 400,
    code: FRAMING,
  },
  {
    name: 'two equal CL',
    request: head('Content-Length: 2\r\nContent-Length: 2\r\n') + 'hi',
    status: 400,
    code: FRAMING,
  },
  {
    name: 'two different CL',
    request: head('Content-Length: 2\r\nContent-Length: 5\r\n') + 'hi',
    status: 400,
    code: FRAMING,
  },
  {
    name: 'CL list',
    request: head('Content-Length: 2, 2\r\n') + 'hi',
    status: 400,
    code: FRAMING,
  },
  {
    name: 'CL with sign',
    request: head('Content-Length: +2\r\n') + 'hi',
    status: 400,
    code: FRAMING,
  },
  {
    name: 'CL in hex',
    request: head('Content-Length: 0x2\r\n') + 'hi',
    status: 400,
    code: FRAMING,
  },
  { name: 'empty CL', request: head('Content-Length:\r\n') + 'hi', status: 400, code: FRAMING },
  {
    name: 'CL beyond 2^53',
    request: head('Content-Length: 9999999999999999\r\n'),
    status: 400,
    code: FRAMING,
  },
  {
    name: 'TE gzip, chunked',
    request: head('Transfer-Encoding: gzip, chunked\r\n') + '0\r\n\r\n',
    status: 400,
    code: FRAMING,
  },
  {
    name: 'TE chunked twice',
    request: head('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n') + '0\r\n\r\n',
    status: 400,
    code: FRAMING,
  },
  {
    name: 'TE identity',
    request: head('Transfer-Encoding: identity\r\n') + '0\r\n\r\n',
    status: 400,
    code: FRAMING,
  },
  {
    name: 'TE xchunked',
    request: head('Transfer-Encoding: xchunked\r\n') + '0\r\n\r\n',
    status: 400,
    code: FRAMING,
  },
  {
    name: 'TE in HTTP/1.0',
    request: head('Transfer-Encoding: chunked\r\n', 'POST / HTTP/1.0') + '0\r\n\r\n',
    status: 400,
    code: FRAMING,
  },
  {
    name: 'space before colon',
    request: head('Transfer-Encoding : chunked\r\n') + '0\r\n\r\n',
    status: 400,
    code: MALFORMED,
  },
  { name: 'obs-fold', request: head('X-A: 1\r\n folded\r\n'), status: 400, code: MALFORMED },
  { name: 'bare LF', request: `GET / HTTP/1.1\nHost: ${HOST}\n\n`, status: 400, code: MALFORMED },
  { name: 'bare CR in a value', request: head('X-A: 1\r2\r\n'), status: 400, code: MALFORMED },
  { name: 'NUL in a value', request: head('X-A: 1\x002\r\n'), status: 400, code: MALFORMED },
  {
    name: 'bad chunk size',
    request: head('Transfer-Encoding: chunked\r\n') + 'zz\r\n',
    status: 400,
    code: MALFORMED,
  },
  {
    name: 'chunk without CRLF',
    request: head('Transfer-Encoding: chunked\r\n') + '2\r\nhiXX',
    status: 400,
    code: MALFORMED,
  },
  {
    name: 'no Host',
    request: 'GET / HTTP/1.1\r\n\r\n',
    status: 400,
    code: 'ERR_PROXY_REQUEST_HOST',
  },
  {
    name: 'two Hosts',
    request: `GET / HTTP/1.1\r\nHost: ${HOST}\r\nHost: ${HOST}\r\n\r\n`,
    status: 400,
    code: 'ERR_PROXY_REQUEST_HOST',
  },
  {
    name: 'Host with userinfo',
    request: `GET / HTTP/1.1\r\nHost: a@${HOST}\r\n\r\n`,
    status: 400,
    code: 'ERR_PROXY_REQUEST_HOST',
  },
  {
    name: 'empty Host',
    request: 'GET / HTTP/1.1\r\nHost:\r\n\r\n',
    status: 400,
    code: 'ERR_PROXY_REQUEST_HOST',
  },
  {
    name: 'another Host',
    request: 'GET / HTTP/1.1\r\nHost: other.example.com\r\n\r\n',
    status: 421,
    code: 'ERR_PROXY_REQUEST_MISDIRECTED',
  },
  {
    name: 'a longer Host',
    request: `GET / HTTP/1.1\r\nHost: ${HOST}.evil\r\n\r\n`,
    status: 421,
    code: 'ERR_PROXY_REQUEST_MISDIRECTED',
  },
  {
    name: 'absolute-form',
    request: head('', `GET http://${HOST}/ HTTP/1.1`),
    status: 400,
    code: 'ERR_PROXY_REQUEST_TARGET',
  },
  {
    name: 'asterisk with GET',
    request: head('', 'GET * HTTP/1.1'),
    status: 400,
    code: 'ERR_PROXY_REQUEST_TARGET',
  },
  {
    name: 'fragment',
    request: head('', 'GET /a#b HTTP/1.1'),
    status: 400,
    code: 'ERR_PROXY_REQUEST_TARGET',
  },
  {
    name: 'CONNECT',
    request: head('', `CONNECT ${HOST}:443 HTTP/1.1`),
    status: 400,
    code: 'ERR_PROXY_REQUEST_TARGET',
  },
  {
    name: 'HTTP/2.0 line',
    request: head('', 'GET / HTTP/2.0'),
    status: 400,
    code: 'ERR_PROXY_REQUEST_VERSION',
  },
  { name: 'unknown method', request: head('', 'BREW / HTTP/1.1'), status: 400, code: MALFORMED },
  {
    name: 'unknown expectation',
    request: head('Expect: 200-ok\r\nContent-Length: 2\r\n'),
    status: 417,
    code: 'ERR_PROXY_REQUEST_EXPECTATION',
  },
  {
    name: 'upgrade to h2c',
    request: head('Connection: Upgrade\r\nUpgrade: h2c\r\n', 'GET / HTTP/1.1'),
    status: 400,
    code: 'ERR_PROXY_REQUEST_UPGRADE',
  },
  {
    name: 'upgrade with content',
    request:
      head('Connection: Upgrade\r\nUpgrade: foo\r\nContent-Length: 2\r\n', 'GET / HTTP/1.1') + 'hi',
    status: 400,
    code: 'ERR_PROXY_REQUEST_UPGRADE',
  },
  {
    name: 'upgrade with POST',
    request: head('Connection: Upgrade\r\nUpgrade: foo\r\n'),
    status: 400,
    code: 'ERR_PROXY_REQUEST_UPGRADE',
  },
  {
    name: 'WebSocket without a key',
    request: head('Connection: Upgrade\r\nUpgrade: websocket\r\n', 'GET / HTTP/1.1'),
    status: 400,
    code: 'ERR_PROXY_REQUEST_UPGRADE',
  },
  {
    name: 'too many fields',
    request: head('X-A: 1\r\n'.repeat(100), 'GET / HTTP/1.1'),
    status: 431,
    code: 'ERR_PROXY_REQUEST_HEADERS_TOO_LARGE',
  },
  {
    name: 'a head above 16 KiB',
    request: head(`X-A: ${'a'.repeat(17_000)}\r\n`, 'GET / HTTP/1.1'),
    status: 431,
    code: 'ERR_PROXY_REQUEST_HEADERS_TOO_LARGE',
  },
  {
    name: 'content above the limit',
    request: head('Content-Length: 10000001\r\n'),
    status: 413,
    code: 'ERR_PROXY_REQUEST_BODY_TOO_LARGE',
  },
];

describe('what is refused, with the connection closed', () => {
  it.each(REFUSED)('$name', async ({ request, status, code }) => {
    const smuggled = `GET /smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    const answer = await exchangeRaw(worker.port, HOST, request + smuggled);
    expect(answer.slice(0, 13)).toBe(`HTTP/1.1 ${String(status)} `);
    expect(answer).toMatch(/^connection: close\r$/im);
    const body: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
    expect(body).toMatchObject({ code, requestId: expect.stringMatching(/^test-/) as string });
    expect(answer.match(/^HTTP\/1\.1 \d/gm)).toHaveLength(1);
    // What was sent upstream before this request has arrived with it.
    const next = `GET /next HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
    expect(await exchangeRaw(worker.port, HOST, next)).toMatch(/^HTTP\/1.1 200 /);
    expect(upstream.received.join('')).not.toContain('smuggled');
  });
});

describe('a limit on fields as high as that of the parser', () => {
  it('still counts all of them', async () => {
    const generous = await startWorker([{ hostname: HOST, upstream: upstream.upstream }], {
      headerCount: 1_000,
    });
    const request = (count: number): string =>
      head(`${'a:\r\n'.repeat(count - 2)}Connection: close\r\n`, 'GET / HTTP/1.1');
    expect(await exchangeRaw(generous.port, HOST, request(1_000))).toMatch(/^HTTP\/1.1 200 /);
    expect(await exchangeRaw(generous.port, HOST, request(1_001))).toMatch(/^HTTP\/1.1 431 /);
    await generous.close();
  });
});
