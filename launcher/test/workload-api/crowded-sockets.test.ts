// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { waitFor } from '@proofgate/daemon';
import { expect, onTestFinished, test } from 'vitest';
import { MAX_WORKLOAD_CONNECTIONS } from '../../src/workload-api/workload-requests.ts';
import { askSocket, container, socketStage } from './stage.ts';

const SOON = { timeoutMs: 10_000 };

async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

test('a workload that opens connections without end is told so, and takes none from others', async () => {
  const stage = await socketStage();
  const sockets = await stage.open();
  const place = async (name: string): Promise<string> => {
    const measured = container({ name, hostname: `${name}.example.com` });
    await stage.load(measured);
    return join(await sockets.give(measured), 'workload.sock');
  };
  const [greedy, modest] = [await place('greedy'), await place('modest')];
  const held = [];
  for (let n = 0; n < MAX_WORKLOAD_CONNECTIONS; n += 1) held.push(await connected(greedy));

  const refusal = await askSocket(greedy, 'GET', '/v1/identity');
  expect(refusal).toMatchObject({
    status: 503,
    headers: {
      'content-type': 'application/problem+json',
      connection: 'close',
      'retry-after': '1',
    },
    body: { status: 503, code: 'ERR_DAEMON_SOCKET_CROWDED' },
  });
  expect((await askSocket(modest, 'GET', '/v1/identity')).status).toBe(200);

  // However many more there are, most of them are closed at once.
  const more = await Promise.all(Array.from({ length: 300 }, () => connected(greedy)));
  await waitFor(() => more.filter(({ destroyed }) => !destroyed).length <= 16, SOON);
  expect((await askSocket(modest, 'GET', '/v1/identity')).status).toBe(200);

  for (const socket of [...held, ...more]) socket.destroy();
  await waitFor(async () => {
    const { status } = await askSocket(greedy, 'GET', '/v1/identity').catch(() => ({ status: 0 }));
    return status === 200;
  }, SOON);
});

test('whatever a workload gets wrong, the refusal is a problem', async () => {
  const stage = await socketStage();
  const sockets = await stage.open();
  const measured = container({ name: 'web' });
  await stage.load(measured);
  const socket = join(await sockets.give(measured), 'workload.sock');
  const answers = [
    await askSocket(socket, 'GET', '/nothing'),
    await askSocket(socket, 'DELETE', '/v1/identity'),
    await askSocket(socket, 'POST', '/v1/evidence', 'no JSON'),
    await askSocket(socket, 'PUT', '/v1/extensions', 'x'.repeat(70_000)),
  ];
  expect(answers.map(({ status }) => status)).toEqual([404, 405, 422, 413]);
  for (const { status, headers, body } of answers) {
    expect(headers['content-type']).toBe('application/problem+json');
    expect(body).toMatchObject({
      type: 'about:blank',
      status,
      detail: expect.any(String) as string,
      code: expect.stringMatching(/^ERR_/) as string,
      instance: expect.stringMatching(/^urn:uuid:/) as string,
    });
  }
});
