// SPDX-License-Identifier: Apache-2.0
import { OID, toBase64 } from '@proofgate/evidence';
import type { GatewayState } from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import { afterEach, expect, it, vi } from 'vitest';
import { createHttp1UpstreamClient } from '../src/upstream/http1-upstream-client.ts';
import type { UpstreamHandlers, UpstreamRequest } from '../src/upstream/upstream-client.ts';
import { startHttpUpstream } from './http-upstream.ts';
import { ask, oneConnection, target } from './https-client.ts';
import { startRawUpstream } from './raw-upstream.ts';
import { startMachine, untilReady } from './test-proxy.ts';

// The first test forks processes, which takes long on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const APP = 'app.example.com';
const SOON = { timeoutMs: 5_000 };
const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function stateOf(revision: number, upstream?: string): GatewayState {
  const extensions = [{ oid: OID.imageDigest, value: toBase64(new Uint8Array(32).fill(1)) }];
  const host = { hostname: APP, mode: 'http', attestation: 'session', extensions } as const;
  return {
    ...{ version: 1, revision, bootId: 'b', eventLog: [] },
    platform: { tee: 'tdx', simulated: true, runtimeVersion: 'launcher/1' },
    hosts: upstream === undefined ? [] : [{ ...host, upstream }],
  };
}

it('a state is in force when no worker acts on an older one, however late it wakes up', async () => {
  const machine = await startMachine();
  closers.push(() => machine.close());
  const upstream = await startHttpUpstream((_incoming, outgoing) => outgoing.end('the first'));
  closers.push(() => upstream.close());
  const containers = [{ name: 'app', runtime: 'process', command: ['/bin/true'], port: 8_000 }];
  const proxy = await machine.start(machine.config({ containers, platform: { workers: 1 } }));
  expect(await machine.ask('PUT', '/v1/state', stateOf(0, upstream.upstream))).toMatchObject({
    status: 200,
  });
  await untilReady(proxy);
  const agent = oneConnection();
  closers.push(() => agent.destroy());
  const request = target(proxy.address.port, APP, { agent });
  expect((await ask(request)).body).toBe('the first');

  const [worker] = proxy.workerPids;
  process.kill(worker!, 'SIGSTOP');
  let answered = false;
  const put = machine.ask('PUT', '/v1/state', stateOf(1)).then((answer) => {
    answered = true;
    return answer;
  });
  // A proxy that said so now would let the launcher start something else at the same place.
  await expect(
    waitFor(async () => answered || (await revision(machine)) === 1, { timeoutMs: 700 }),
  ).rejects.toThrow();
  process.kill(worker!, 'SIGCONT');
  expect((await put).status).toBe(200);
  expect(await revision(machine)).toBe(1);
  expect((await ask(request)).status).toBe(421);
});

async function revision(machine: Awaited<ReturnType<typeof startMachine>>): Promise<unknown> {
  return ((await machine.ask('GET', '/v1/state')).body as { revision?: number }).revision;
}

it('a request that waited for a connection to one workload does not reach what listens there next', async () => {
  const place = await startRawUpstream((socket, _soFar, index) => {
    if (index > 0) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  closers.push(() => place.close());
  const client = createHttp1UpstreamClient({ maxSockets: 1, monotonicMs: () => performance.now() });
  closers.push(() => client.close());
  const outcomes: string[] = [];
  const upstream = { kind: 'tcp', host: '127.0.0.1', port: place.port } as const;
  client.send(requestTo(upstream), handlersOf(outcomes));
  await waitFor(() => place.received[0] !== undefined && place.received[0] !== '', SOON);
  client.send(requestTo(upstream), handlersOf(outcomes));

  client.forget(upstream);
  place.sockets[0]!.destroy();
  await waitFor(() => outcomes.length === 2, SOON);
  expect(outcomes.toSorted()).toEqual([
    'ERR_PROXY_UPSTREAM_CLOSED',
    'ERR_PROXY_UPSTREAM_UNREACHABLE',
  ]);
  // Whoever asks now means what is there now.
  client.send(requestTo(upstream), handlersOf(outcomes));
  await waitFor(() => outcomes.length === 3, SOON);
  expect(outcomes[2]).toBe('200');
});

function requestTo(upstream: UpstreamRequest['upstream']): UpstreamRequest {
  return {
    ...{ upstream, method: 'GET', target: '/', headers: ['Host', APP] },
    ...{ hasBody: false, chunked: false, upgrade: false },
    ...{ connectTimeoutMs: 5_000, responseTimeoutMs: 5_000, idleTimeoutMs: 5_000 },
  };
}

function handlersOf(outcomes: string[]): UpstreamHandlers {
  const ignore = (): void => undefined;
  return {
    ...{
      onInformation: ignore,
      onBody: ignore,
      onEnd: ignore,
      onSwitch: ignore,
      onWritable: ignore,
    },
    onResponse: ({ status }) => outcomes.push(String(status)),
    onError: ({ code }) => outcomes.push(code),
  };
}
