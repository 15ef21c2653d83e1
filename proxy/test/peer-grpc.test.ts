// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { afterEach, expect, it } from 'vitest';
import { ask, openHttp2 } from './http2-client.ts';
import { rulesFor, testClient } from './test-clients.ts';
import { startWorker } from './test-worker.ts';

const APP = 'app.example.com';
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

it('tells an upstream of HTTP/2 who the client of a call is, and lets no other call through', async () => {
  const platform = createSimulatedPlatform();
  const server = createServer((incoming, outgoing) => {
    outgoing.end(JSON.stringify(incoming.headers));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const upstream = `h2c://127.0.0.1:${String(port)}`;
  const clients = rulesFor(platform);
  const worker = await startWorker([{ hostname: APP, upstream, clients }]);
  closers.push(() => worker.close());
  const { key, cert } = await testClient({ platform, quote: true });
  const known = await openHttp2(worker.port, APP, { key, cert });
  closers.push(() => known.destroy());
  const call = { ':method': 'POST', ':path': '/a.B/C', 'content-type': 'application/grpc' };
  const lie = { ...call, 'x-proofgate-peer-subject': 'tdx:00', x_proofgate_peer_tee: 'sgx' };
  const { body } = await ask(known, APP, lie, 'message');
  const told = JSON.parse(body) as Record<string, string>;
  expect(told).toMatchObject({
    'x-proofgate-peer-tee': 'tdx',
    'x-proofgate-peer-binding': 'certificate',
    'x-proofgate-peer-token': expect.stringMatching(/^[^.]+\.[^.]+\.[^.]+$/) as string,
  });
  expect(told['x-proofgate-peer-subject']).toMatch(/^tdx:[0-9a-f]{64}$/);
  expect(told).not.toHaveProperty('x_proofgate_peer_tee');
  const anonymous = await openHttp2(worker.port, APP);
  closers.push(() => anonymous.destroy());
  expect(await ask(anonymous, APP, call, 'message')).toMatchObject({ status: 403 });
});
