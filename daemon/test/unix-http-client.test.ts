// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { requestUnix } from '@proofgate/daemon';
import { temporaryDirectory } from './temporary-directory.ts';
import { serve, socketIn } from './unix-server.ts';

describe('requestUnix', () => {
  test('says that nothing answers', async () => {
    const path = socketIn(temporaryDirectory());
    const asking = requestUnix({ socketPath: path, method: 'GET', path: '/', timeoutMs: 5_000 });
    await expect(asking).rejects.toMatchObject({
      code: 'ERR_DAEMON_SOCKET_UNREACHABLE',
      family: 'unavailable',
    });
  });

  test('gives up when the answer does not come', async () => {
    const path = socketIn(temporaryDirectory());
    await serve(
      path,
      ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            resolve({ status: 200 });
          });
        }),
    );
    const asking = requestUnix({ socketPath: path, method: 'GET', path: '/', timeoutMs: 20 });
    await expect(asking).rejects.toMatchObject({ code: 'ERR_DAEMON_SOCKET_TIMEOUT' });
  });

  test('refuses an answer beyond its limit, and one that is no JSON', async () => {
    const path = socketIn(temporaryDirectory());
    await serve(path, ({ path: where }) =>
      where === '/long'
        ? { status: 200, body: 'x'.repeat(98) }
        : { status: 200, stream: Readable.from(['not json']) },
    );
    const get = (where: string, maxAnswer: number): Promise<unknown> =>
      requestUnix({ socketPath: path, method: 'GET', path: where, timeoutMs: 5_000, maxAnswer });
    await expect(get('/long', 100)).resolves.toMatchObject({ status: 200 });
    await expect(get('/long', 99)).rejects.toMatchObject({ code: 'ERR_DAEMON_BODY_TOO_LARGE' });
    await expect(get('/text', 99)).rejects.toMatchObject({ code: 'ERR_DAEMON_JSON_INVALID' });
  });
});
