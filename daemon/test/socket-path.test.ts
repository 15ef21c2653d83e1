// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { requestUnix, serveUnixHttp } from '@proofgate/daemon';
import { memoryLog } from './memory-log.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { ok, serve, socketIn } from './unix-server.ts';

const { logger } = memoryLog();

/** A socket file whose process is gone. */
async function staleSocket(path: string): Promise<void> {
  const script =
    'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))';
  await once(spawn(process.execPath, ['-e', script, path]), 'exit');
  expect(statSync(path).isSocket()).toBe(true);
}

describe('the name of a unix socket', () => {
  test('is for its owner alone unless told, whatever the umask', async () => {
    const directory = temporaryDirectory();
    const before = process.umask(0);
    onTestFinished(() => {
      process.umask(before);
    });
    await serve(join(directory, 'a.sock'), ok);
    await serve(join(directory, 'b.sock'), ok, { mode: 0o660 });
    expect(statSync(join(directory, 'a.sock')).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'b.sock')).mode & 0o777).toBe(0o660);
    expect(readdirSync(directory)).toEqual(['a.sock', 'b.sock']);
  });

  test('takes the place of a socket whose process is gone', async () => {
    const path = socketIn(temporaryDirectory());
    await staleSocket(path);
    await serve(path, ok);
    await expect(
      requestUnix({ socketPath: path, method: 'GET', path: '/', timeoutMs: 5_000 }),
    ).resolves.toEqual({ status: 200, body: 'here' });
  });

  test('leaves a socket alone that something answers on', async () => {
    const directory = temporaryDirectory();
    const path = socketIn(directory);
    await serve(path, ok);
    const second = serveUnixHttp({ path, handler: () => ({ status: 500 }), logger });
    await expect(second).rejects.toMatchObject({ code: 'ERR_DAEMON_SOCKET_IN_USE' });
    await expect(
      requestUnix({ socketPath: path, method: 'GET', path: '/', timeoutMs: 5_000 }),
    ).resolves.toMatchObject({ status: 200 });
    expect(readdirSync(directory)).toEqual(['x.sock']);
  });

  test('of two that take the place of a dead one at once, one wins', async () => {
    const path = socketIn(temporaryDirectory());
    await staleSocket(path);
    const starts = await Promise.allSettled(
      [1, 2].map((body) => serveUnixHttp({ path, logger, handler: () => ({ status: 200, body }) })),
    );
    const winner = starts.findIndex(({ status }) => status === 'fulfilled');
    expect(starts.filter(({ status }) => status === 'rejected')).toMatchObject([
      { reason: { code: 'ERR_DAEMON_SOCKET_IN_USE' } },
    ]);
    await expect(
      requestUnix({ socketPath: path, method: 'GET', path: '/', timeoutMs: 5_000 }),
    ).resolves.toEqual({ status: 200, body: winner + 1 });
    for (const start of starts) if (start.status === 'fulfilled') await start.value.close();
  });

  test.each<[what: string, make: (directory: string) => string]>([
    [
      'a file in its place',
      (directory) => {
        writeFileSync(join(directory, 'file'), 'keep');
        return join(directory, 'file');
      },
    ],
    ['a directory that is not there', (directory) => join(directory, 'no', 'x.sock')],
    ['a path that the system would cut', (directory) => join(directory, `${'a'.repeat(108)}.sock`)],
  ])('refuses %s', async (_what, make) => {
    const directory = temporaryDirectory();
    const path = make(directory);
    const before = readdirSync(directory);
    await expect(serveUnixHttp({ path, handler: ok, logger })).rejects.toMatchObject({
      code: 'ERR_DAEMON_SOCKET_PATH',
    });
    expect(readdirSync(directory)).toEqual(before);
  });

  test('leaves the name to a server that has taken it since', async () => {
    const directory = temporaryDirectory();
    const path = socketIn(directory);
    const first = await serveUnixHttp({ path, handler: ok, logger });
    unlinkSync(path);
    await serve(path, () => ({ status: 200, body: 'second' }));
    await first.close();
    await expect(
      requestUnix({ socketPath: path, method: 'GET', path: '/', timeoutMs: 5_000 }),
    ).resolves.toMatchObject({ body: 'second' });
  });
});
