// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { startWorker, type TestHost, type TestWorker } from './test-worker.ts';
import { exchangeRaw, openTls, readUntil } from './tls-client.ts';

const HOST = 'app.example.com';
const PATH = '/api/configure';

let directory: string;
let workload: HttpUpstream;
let former: HttpUpstream;
let launcher: HttpUpstream;
let worker: TestWorker;
/** What reached each of them. */
const seen = { workload: [] as string[], former: [] as string[], launcher: [] as string[] };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'configure-gate-'));
  const recorder =
    (name: keyof typeof seen) => (request: IncomingMessage, response: ServerResponse) => {
      seen[name].push(`${request.method ?? ''} ${request.url ?? ''}`);
      response.end(name);
    };
  workload = await startHttpUpstream(recorder('workload'));
  former = await startHttpUpstream(recorder('former'));
  launcher = await startHttpUpstream(recorder('launcher'), join(directory, 'gate.sock'));
  worker = await startWorker([]);
});
afterAll(async () => {
  await worker.close();
  for (const upstream of [workload, former, launcher]) await upstream.close();
  await rm(directory, { recursive: true });
});
beforeEach(() => {
  for (const list of Object.values(seen)) list.length = 0;
});

function host(open: boolean, more: Partial<TestHost> = {}): TestHost {
  const configure = { method: 'PUT', path: PATH, upstream: launcher.upstream, open };
  return { hostname: HOST, upstream: workload.upstream, configure, ...more };
}

async function ask(
  line: string,
  fields = '',
): Promise<{ status: number; head: string; body: string }> {
  const request = `${line} HTTP/1.1\r\nHost: ${HOST}\r\n${fields}Connection: close\r\n\r\n`;
  const text = await exchangeRaw(worker.port, HOST, request);
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  return { status: Number(head.slice(9, 12)), head, body };
}

describe('before a workload is configured', () => {
  beforeEach(() => {
    worker.apply([host(false)]);
  });

  it.each([
    'GET /',
    'POST /',
    'GET /healthz',
    'OPTIONS *',
    `GET ${PATH}`,
    `POST ${PATH}`,
    `HEAD ${PATH}`,
    `OPTIONS ${PATH}`,
    'GET /.well-known/other',
    'POST /configure',
    `PUT /x${PATH}`,
  ])('%s has to wait', async (line) => {
    const { status, head, body } = await ask(line);
    expect(status).toBe(503);
    expect(head).toMatch(/^retry-after: 5\r?$/im);
    if (!line.startsWith('HEAD')) {
      expect(JSON.parse(body)).toMatchObject({
        error: 'container is awaiting initial configuration',
        code: 'ERR_PROXY_CONFIGURATION_AWAITED',
      });
    }
    expect(seen).toMatchObject({ workload: [], launcher: [] });
  });

  it('its configuration goes to the launcher', async () => {
    expect(await ask(`PUT ${PATH}`)).toMatchObject({ status: 200, body: 'launcher' });
    expect(seen).toMatchObject({ workload: [], launcher: [`PUT ${PATH}`] });
  });

  it('its evidence can be seen', async () => {
    const document = new TextEncoder().encode('{"evidence":1}');
    worker.apply([host(false, { document, generation: 1 })]);
    expect(await ask('GET /.well-known/attestation')).toMatchObject({ body: '{"evidence":1}' });
  });

  it('the protocol is not changed', async () => {
    const upgrade = 'Connection: Upgrade\r\nUpgrade: foo\r\n';
    const text = await exchangeRaw(
      worker.port,
      HOST,
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\n${upgrade}\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1.1 503 /);
    expect(seen).toMatchObject({ workload: [], launcher: [] });
  });

  it('a second request on the connection has to wait as well', async () => {
    const text = await exchangeRaw(
      worker.port,
      HOST,
      `PUT ${PATH} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 0\r\n\r\n` +
        `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`,
    );
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 503']);
    expect(seen).toMatchObject({ workload: [], launcher: [`PUT ${PATH}`] });
  });
});

describe('after a workload has been configured', () => {
  beforeEach(() => {
    worker.apply([host(true)]);
  });

  it.each(['GET /', 'POST /x', 'PUT /', 'GET /api', 'GET /api/configured'])(
    '%s reaches it',
    async (line) => {
      expect(await ask(line)).toMatchObject({ status: 200, body: 'workload' });
      expect(seen).toMatchObject({ workload: [line], launcher: [] });
    },
  );

  it('its configuration still goes to the launcher', async () => {
    expect(await ask(`PUT ${PATH}`)).toMatchObject({ status: 200, body: 'launcher' });
    expect(seen).toMatchObject({ workload: [], launcher: [`PUT ${PATH}`] });
  });

  it.each(['GET', 'HEAD', 'POST', 'OPTIONS', 'PATCH'])(
    '%s on the same path is no way around it',
    async (method) => {
      const { status, head } = await ask(`${method} ${PATH}`, 'X-HTTP-Method-Override: PUT\r\n');
      expect(status).toBe(405);
      expect(head).toMatch(/^allow: PUT\r?$/im);
      expect(seen).toMatchObject({ workload: [], launcher: [] });
    },
  );

  it('shuts again, also on connections that are open', async () => {
    const socket = await openTls(worker.port, HOST);
    const request = `GET /x HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    const first = readUntil(socket, /workload/);
    socket.write(request);
    expect(await first).toMatch(/^HTTP\/1.1 200 /);
    worker.apply([host(false)]);
    const second = readUntil(socket, /\}/);
    socket.write(request);
    expect(await second).toMatch(/^HTTP\/1.1 503 /);
    expect(seen.workload).toEqual(['GET /x']);
    socket.destroy();
  });
});

const BYPASSES: readonly (readonly [string, string, string?])[] = [
  ['a query', `PUT ${PATH}?a=b`],
  ['an empty query', `PUT ${PATH}?`],
  ['another case', 'PUT /API/configure'],
  ['a trailing slash', `PUT ${PATH}/`],
  ['a doubled slash', 'PUT /api//configure'],
  ['a doubled first slash', `PUT /${PATH}`],
  ['an address in the path', `PUT //example.com${PATH}`],
  ['a dot segment', 'PUT /api/./configure'],
  ['a double dot segment', 'PUT /api/x/../configure'],
  ['an encoded dot segment', 'PUT /api/x/%2e%2e/configure'],
  ['an encoded letter', 'PUT /api/%63onfigure'],
  ['an encoded slash', 'PUT /api%2fconfigure'],
  ['a letter encoded twice', 'PUT /api/%2563onfigure'],
  ['a backslash', 'PUT /api\\configure'],
  ['a path parameter', `PUT ${PATH};x=1`],
  ['a parameter in a dot segment', 'PUT /api/x/..;/configure'],
  ['a suffix', `PUT ${PATH}.json`],
  ['a NUL', `PUT ${PATH}%00`],
  ['a space', `PUT ${PATH}%20`],
  ['bytes that are no text', 'PUT /api%c0%afconfigure'],
  ['absolute-form', `PUT https://${HOST}${PATH}`],
  ['absolute-form of another scheme', `PUT http://${HOST}${PATH}`],
  ['a fragment', `PUT ${PATH}#x`],
  ['authority-form', `CONNECT ${HOST}:443`],
  ['another path in a field', 'PUT /', `X-Original-URL: ${PATH}\r\n`],
  ['another path in an older field', 'GET /', `X_Rewrite_Url: ${PATH}\r\n`],
  ['the same with GET', 'GET /api/x/%2e%2e/configure'],
  ['an upgrade', `GET ${PATH}/`, 'Upgrade: websocket\r\nConnection: Upgrade\r\n'],
];

describe.each([
  ['before it is configured', false],
  ['after it has been configured', true],
])('a way around %s', (_, open) => {
  it.each(BYPASSES)('with %s is refused', async (_name, line = '', fields = '') => {
    worker.apply([host(open)]);
    const { status } = await ask(line, fields);
    expect(status).toBe(400);
    expect(seen).toEqual({ workload: [], former: [], launcher: [] });
  });

  it('with an upgrade to the exact path is refused', async () => {
    const configure = { method: 'GET', path: PATH, upstream: launcher.upstream, open };
    worker.apply([host(open, { configure })]);
    const upgrade = 'Connection: Upgrade\r\nUpgrade: foo\r\n';
    const text = await exchangeRaw(
      worker.port,
      HOST,
      `GET ${PATH} HTTP/1.1\r\nHost: ${HOST}\r\n${upgrade}\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    expect(seen).toEqual({ workload: [], former: [], launcher: [] });
  });
});

describe('a host that nobody has to configure', () => {
  it('is asked as it is', async () => {
    worker.apply([{ hostname: HOST, upstream: workload.upstream }]);
    const line = 'GET /api/x/%2e%2e/configure;a?b';
    expect(await ask(line, 'X-Original-URL: /x\r\n')).toMatchObject({ status: 200 });
    expect(seen.workload).toEqual([line]);
  });
});

describe('a workload that has a successor', () => {
  it('is asked and configured by itself, for those that it was proved to', async () => {
    worker.apply([host(true, { upstream: former.upstream, workload: 'old', generation: 10 })]);
    const socket = await openTls(worker.port, HOST);
    const request = (line: string): string => `${line} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    const first = readUntil(socket, /former/);
    socket.write(request('GET /1'));
    await first;
    // The new one waits to be configured; that is of no concern to a connection that was proved with the old one.
    worker.apply([
      host(false, {
        workload: 'new',
        generation: 11,
        retiring: { workload: 'old', upstream: former.upstream },
      }),
    ]);
    const second = readUntil(socket, /former/);
    socket.write(request('GET /2'));
    expect(await second).toMatch(/^HTTP\/1.1 200 /);
    expect(await ask('GET /3')).toMatchObject({ status: 503 });
    expect(seen).toEqual({ workload: [], former: ['GET /1', 'GET /2'], launcher: [] });
  });
});

describe('what a workload says about itself', () => {
  const request = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

  async function statusAfter(before: readonly string[], after: readonly string[]): Promise<string> {
    const common = { hostname: HOST, upstream: workload.upstream };
    worker.apply([{ ...common, statements: before, generation: 2 }]);
    const socket = await openTls(worker.port, HOST);
    worker.apply([{ ...common, statements: after, generation: 3 }]);
    const answer = readUntil(socket, /\r\n\r\n/);
    socket.write(request);
    const status = (await answer).slice(9, 12);
    socket.destroy();
    return status;
  }

  it.each<[string, readonly string[], readonly string[], string]>([
    ['stays', ['a'], ['a'], '200'],
    ['is joined by more', ['a'], ['a', 'b'], '200'],
    ['comes only now', [], ['a'], '200'],
    ['changes', ['a'], ['b'], '421'],
    ['is taken back', ['a', 'b'], ['a'], '421'],
  ])('and %s', async (_, before, after, status) => {
    expect(await statusAfter(before, after)).toBe(status);
  });
});
