// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { serveUnixHttp } from '@proofgate/daemon';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../fixtures.ts';
import { askSocket, container, socketStage } from './stage.ts';

test('a workload gets the keys of the proxy, and is told when there is none', async () => {
  const stage = await socketStage();
  const sockets = await stage.open();
  const socket = join(await sockets.give(container()), 'workload.sock');
  const ask = () => askSocket(socket, 'GET', '/v1/peer-keys');
  expect(await ask()).toMatchObject({ status: 503, body: { code: 'ERR_LAUNCHER_PEER_KEYS' } });
  const { x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    format: 'jwk',
  });
  const key = { kty: 'EC', crv: 'P-256', x, y, kid: 'k'.repeat(43), use: 'sig', alg: 'ES256' };
  let shown: object = { keys: [key] };
  const proxy = await serveUnixHttp({
    path: join(stage.runDir, 'proxy.sock'),
    handler: ({ method, path }) =>
      method === 'GET' && path === '/v1/peer-keys'
        ? { status: 200, body: shown }
        : { status: 404, body: {} },
    maxBody: 1_024,
    logger: silentLogger,
  });
  onTestFinished(() => proxy.close());
  expect(await ask()).toMatchObject({ status: 200, body: { keys: [key] } });
  shown = { keys: [{ ...key, d: 'private' }] };
  expect(await ask()).toMatchObject({ status: 503 });
});
