// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineSocket, statusOf } from '../../src/podman/engine-socket.ts';

let directory: string;
let socketPath: string;
let server: Server | undefined;
let asked: { method: string; url: string; body: string }[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'engine-'));
  socketPath = join(directory, 'engine.sock');
  asked = [];
});

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
  server = undefined;
  await rm(directory, { recursive: true });
});

/** An engine that gives one answer to everything. */
async function answerWith(
  status: number,
  body: string,
  then: (request: IncomingMessage, response: ServerResponse) => void = () => undefined,
): Promise<void> {
  server = createServer((request, response) => {
    void text(request).then((received) => {
      asked.push({ method: request.method ?? '', url: request.url ?? '', body: received });
      then(request, response);
      if (!response.destroyed) response.writeHead(status).end(body);
    });
  });
  await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
}

function open(revive?: () => Promise<void>): Promise<EngineSocket> {
  return EngineSocket.open({
    name: 'engine',
    socketPath,
    ...(revive === undefined ? {} : { revive }),
  });
}

test('asks and reads JSON', async () => {
  await answerWith(200, '{"a":[1]}');
  const socket = await open();
  const query = { all: 'true', filters: { label: ['a=b c'] } };
  expect(await socket.call({ method: 'GET', what: 'list', path: '/v1/x', query })).toEqual({
    a: [1],
  });
  expect(
    await socket.call({ method: 'POST', what: 'make', path: '/v1/x', body: { b: 2 } }),
  ).toEqual({ a: [1] });
  expect(asked).toEqual([
    {
      method: 'GET',
      url: '/v1/x?all=true&filters=%7B%22label%22%3A%5B%22a%3Db%20c%22%5D%7D',
      body: '',
    },
    { method: 'POST', url: '/v1/x?', body: '{"b":2}' },
  ]);
  socket.close();
});

test('what is not there is undefined only where that is an answer', async () => {
  await answerWith(404, '{"message":"no such thing"}');
  const socket = await open();
  const request = { method: 'DELETE', what: 'remove it', path: '/x' } as const;
  expect(await socket.callIfThere(request)).toBeUndefined();
  const refusal = await socket.call(request).catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_REFUSED',
    message: 'engine refused to remove it: no such thing',
  });
  expect(statusOf(refusal)).toBe(404);
});

test('an answer without words is still an error, and a long one is cut', async () => {
  await answerWith(500, 'x'.repeat(10_000));
  const socket = await open();
  const request = { method: 'GET', what: 'look', path: '/x' } as const;
  const { message } = (await socket.callIfThere(request).catch((error: unknown) => error)) as Error;
  expect(message).toMatch(/^engine refused to look: .*xxx$/);
  expect(message.length).toBeLessThan(600);
});

test('nobody listens: unavailable', async () => {
  const socket = await open();
  const request = { method: 'GET', what: 'look', path: '/x' } as const;
  await expect(socket.call(request)).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_UNAVAILABLE',
  });
  expect(statusOf(new Error('x'))).toBeUndefined();
});

test('nobody listens: brought back once, and asked again', async () => {
  let revivals = 0;
  const socket = await open(async () => {
    revivals += 1;
    await answerWith(201, '{}');
  });
  const upload = (): Readable => Readable.from(['abc', 'def']);
  const request = { method: 'POST', what: 'load', path: '/load', upload } as const;
  expect(await socket.call(request)).toEqual({});
  expect(revivals).toBe(1);
  expect(asked).toEqual([{ method: 'POST', url: '/load?', body: 'abcdef' }]);
});

test('nobody listens although it was brought back: unavailable', async () => {
  const socket = await open(() => Promise.resolve());
  const request = { method: 'GET', what: 'look', path: '/x' } as const;
  await expect(socket.call(request)).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_UNAVAILABLE',
  });
});

test('a connection that breaks is not tried again: nobody knows what was done', async () => {
  await answerWith(200, '', (request) => request.socket.destroy());
  const socket = await open(() => Promise.reject(new Error('not to be called')));
  const request = { method: 'POST', what: 'make', path: '/x' } as const;
  await expect(socket.call(request)).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_UNAVAILABLE',
  });
  expect(asked.length).toBe(1);
});

test('an answer that does not come in time: unavailable', async () => {
  server = createServer(() => undefined);
  await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
  const socket = await open();
  const request = { method: 'GET', what: 'look', path: '/x', timeoutMs: 50 } as const;
  await expect(socket.call(request)).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_UNAVAILABLE',
  });
});

test('whoever gives up gets their own reason', async () => {
  server = createServer(() => undefined);
  await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
  const socket = await open();
  const giveUp = new AbortController();
  const reason = new Error('enough');
  const call = socket.call({ method: 'GET', what: 'look', path: '/x', signal: giveUp.signal });
  giveUp.abort(reason);
  await expect(call).rejects.toBe(reason);
});

test('an archive that breaks off ends the call', async () => {
  await answerWith(200, '{}');
  const socket = await open();
  const upload = (): Readable =>
    Readable.from(
      (function* () {
        yield 'abc';
        throw new Error('disk');
      })(),
    );
  const call = socket.call({ method: 'POST', what: 'load', path: '/load', upload });
  await expect(call).rejects.toMatchObject({ code: 'ERR_LAUNCHER_ENGINE_UNAVAILABLE' });
});

test('a stream is read as it comes', async () => {
  await answerWith(200, 'bytes');
  const socket = await open();
  const stream = await socket.stream({ method: 'GET', what: 'read', path: '/x' });
  expect((await buffer(stream)).toString()).toBe('bytes');
  await answerWithNothing();
  await expect(socket.stream({ method: 'GET', what: 'read', path: '/x' })).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_UNAVAILABLE',
  });
});

async function answerWithNothing(): Promise<void> {
  await new Promise((resolve) => server?.close(resolve));
  server = undefined;
}
