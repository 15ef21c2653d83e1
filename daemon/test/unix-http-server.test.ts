// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { DaemonError, requestUnix, serveUnixHttp, waitFor } from '@proofgate/daemon';
import { memoryLog } from './memory-log.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { ok, serve, socketIn } from './unix-server.ts';

const { logger } = memoryLog();

describe('a server on a unix socket', () => {
  test('hands the request to its handler and sends the answer as JSON', async () => {
    const path = socketIn(temporaryDirectory());
    await serve(path, ({ method, path: where, query, json }) => ({
      status: 201,
      body: { method, where, x: query.get('x'), sent: json() },
    }));
    const answer = await requestUnix({
      socketPath: path,
      method: 'PUT',
      path: '/v1/state?x=1',
      body: { a: [1] },
      timeoutMs: 5_000,
    });
    expect(answer).toEqual({
      status: 201,
      body: { method: 'PUT', where: '/v1/state', x: '1', sent: { a: [1] } },
    });
  });

  test('can answer with nothing', async () => {
    const path = socketIn(temporaryDirectory());
    await serve(path, () => ({ status: 204 }));
    const answer = await requestUnix({
      socketPath: path,
      method: 'POST',
      path: '/',
      timeoutMs: 5_000,
    });
    expect(answer).toEqual({ status: 204, body: undefined });
  });

  test('can answer with a stream', async () => {
    const path = socketIn(temporaryDirectory());
    await serve(path, () => ({
      status: 200,
      stream: Readable.from(['one ', 'two']),
      headers: { 'content-type': 'text/plain' },
    }));
    const sent = request({ socketPath: path, path: '/' });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [Readable];
    await expect(text(answer)).resolves.toBe('one two');
  });

  test.each<[what: string, error: unknown, status: number, body: object]>([
    [
      'misuse',
      new DaemonError('ERR_DAEMON_BACKOFF', 'm'),
      400,
      { title: 'Bad Request', detail: 'm', code: 'ERR_DAEMON_BACKOFF' },
    ],
    [
      'a refusal',
      new DaemonError('ERR_DAEMON_SOCKET_PATH', 'r'),
      422,
      { title: 'Unprocessable Entity', detail: 'r', code: 'ERR_DAEMON_SOCKET_PATH' },
    ],
    [
      'unavailable',
      new DaemonError('ERR_DAEMON_FILE_WRITE', 'u'),
      503,
      { title: 'Service Unavailable', detail: 'u', code: 'ERR_DAEMON_FILE_WRITE' },
    ],
    [
      'a bug',
      new TypeError('secret detail'),
      500,
      { title: 'Internal Server Error', detail: 'internal error', code: 'ERR_INTERNAL' },
    ],
  ])('turns %s into a problem', async (_what, error, status, body) => {
    const path = socketIn(temporaryDirectory());
    await serve(path, () => Promise.reject(error as Error));
    const answer = await requestUnix({
      socketPath: path,
      method: 'GET',
      path: '/',
      timeoutMs: 5_000,
    });
    expect(answer).toEqual({
      status,
      body: {
        ...{ type: 'about:blank', status, ...body },
        instance: expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/) as string,
      },
    });
  });

  test('logs a bug that its client is not told about', async () => {
    const path = socketIn(temporaryDirectory());
    const log = memoryLog();
    await serve(path, () => Promise.reject(new TypeError('a bug')), { logger: log.logger });
    await requestUnix({ socketPath: path, method: 'GET', path: '/x', timeoutMs: 5_000 });
    expect(log.lines()).toMatchObject([
      { msg: 'request failed', path: '/x', err: { message: 'a bug' } },
    ]);
  });

  test('refuses a body that is no JSON', async () => {
    const path = socketIn(temporaryDirectory());
    await serve(path, ({ json }) => ({ status: 200, body: json() }));
    const answer = await requestUnix({
      socketPath: path,
      method: 'PUT',
      path: '/',
      timeoutMs: 5_000,
    });
    expect(answer).toMatchObject({ status: 422, body: { code: 'ERR_DAEMON_JSON_INVALID' } });
  });

  test('takes a body up to its limit and refuses one beyond', async () => {
    const path = socketIn(temporaryDirectory());
    await serve(path, ({ body }) => ({ status: 200, body: body.length }), { maxBody: 100_000 });
    const put = async (size: number): Promise<unknown> =>
      requestUnix({
        socketPath: path,
        method: 'PUT',
        path: '/',
        body: 'x'.repeat(size - 2),
        timeoutMs: 5_000,
      });
    await expect(put(100_000)).resolves.toEqual({ status: 200, body: 100_000 });
    await expect(put(100_001)).resolves.toMatchObject({
      status: 413,
      body: { detail: 'request body is too large', code: 'ERR_DAEMON_BODY_TOO_LARGE' },
    });
  });

  test('tells a client that there are too many of them, until there are not', async () => {
    const path = socketIn(temporaryDirectory());
    await serve(path, ok, { maxConnections: 2 });
    const idle = [connect(path), connect(path)];
    for (const socket of idle) await once(socket, 'connect');
    const ask = (): Promise<unknown> =>
      requestUnix({ socketPath: path, method: 'GET', path: '/', timeoutMs: 5_000 });
    const refusal = await waitFor(
      async () => {
        const answer = (await ask()) as { status: number };
        return answer.status === 503 ? answer : undefined;
      },
      { timeoutMs: 5_000 },
    );
    expect(refusal).toMatchObject({
      body: {
        code: 'ERR_DAEMON_SOCKET_CROWDED',
        detail: expect.stringContaining('at most 2 at a time') as string,
      },
    });
    // Those who are there are not disturbed.
    expect(idle.map(({ destroyed }) => destroyed)).toEqual([false, false]);
    idle[0]?.destroy();
    await waitFor(async () => ((await ask()) as { status: number }).status !== 503, {
      timeoutMs: 5_000,
    });
    idle[1]?.destroy();
  });

  test('tells a handler that its client went away', async () => {
    const path = socketIn(temporaryDirectory());
    let signal: AbortSignal | undefined;
    await serve(path, (received) => {
      signal = received.signal;
      return new Promise((resolve) => {
        received.signal.addEventListener('abort', () => {
          resolve({ status: 200 });
        });
      });
    });
    const abort = new AbortController();
    const asking = requestUnix({
      socketPath: path,
      method: 'GET',
      path: '/',
      timeoutMs: 5_000,
      signal: abort.signal,
    });
    await waitFor(() => signal, { timeoutMs: 5_000 });
    expect(signal?.aborted).toBe(false);
    abort.abort(new RangeError('enough'));
    await expect(asking).rejects.toThrow(RangeError);
    await waitFor(() => signal?.aborted, { timeoutMs: 5_000 });
  });

  test('finishes what is under way when it closes, and frees its name', async () => {
    const path = socketIn(temporaryDirectory());
    let answer: () => void = () => undefined;
    let asked = false;
    const server = await serveUnixHttp({
      path,
      logger,
      handler: () => {
        asked = true;
        return new Promise((resolve) => {
          answer = () => {
            resolve({ status: 200, body: 'late' });
          };
        });
      },
    });
    const asking = requestUnix({ socketPath: path, method: 'GET', path: '/', timeoutMs: 5_000 });
    await waitFor(() => asked, { timeoutMs: 5_000 });
    const closing = server.close();
    answer();
    await expect(asking).resolves.toEqual({ status: 200, body: 'late' });
    await closing;
    expect(existsSync(path)).toBe(false);
  });

  test('a client that sends half a request does not keep the server from closing', async () => {
    const path = socketIn(temporaryDirectory());
    const server = await serveUnixHttp({ path, handler: ok, logger });
    const client = connect(path);
    await once(client, 'connect');
    client.on('error', () => undefined);
    client.write('GET / HT');
    await server.close();
    client.destroy();
    expect(existsSync(path)).toBe(false);
  });
});
