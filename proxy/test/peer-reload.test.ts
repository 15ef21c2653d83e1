// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GatewayState, VmConfig } from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import { decodePem, OID, toBase64 } from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { sendHttp1, type Outcome } from './peer-requests.ts';
import { policyFor, testClient, type TestClient } from './test-clients.ts';
import { startMachine, untilReady, type TestMachine } from './test-proxy.ts';
import type { RunningProxy } from '../src/index.ts';

// The proxy's workers are processes, which take long to start on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const APP = 'app.example.com';
const SOON = { timeoutMs: 8_000 };
const one = createSimulatedPlatform();
const other = createSimulatedPlatform();
let machine: TestMachine;
let upstream: HttpUpstream;
beforeEach(async () => {
  machine = await startMachine();
  upstream = await startHttpUpstream((incoming, outgoing) => {
    outgoing.end(JSON.stringify(incoming.headersDistinct));
  });
  const bundles = JSON.stringify(one.collateral());
  await writeFile(join(machine.directory, 'collateral.json'), bundles);
});
afterEach(async () => {
  await machine.close();
  await upstream.close();
});

function configOf(routes: object[]): VmConfig {
  const clients = { collateral: join(machine.directory, 'collateral.json') };
  return machine.config({ routes, platform: { workers: 1, clients } });
}

const route = (more: object = {}): object => ({
  hostname: APP,
  upstream: upstream.upstream,
  ...more,
});

async function ask(proxy: RunningProxy, client?: TestClient): Promise<Outcome> {
  const requirements = {
    policy: 'none',
    roots: { sha256: machine.platform.rootSha256 },
    collateral: machine.platform.collateral(),
    caRoots: decodePem(machine.root, 'CERTIFICATE'),
  } as const;
  return sendHttp1({ port: proxy.address.port, requirements }, APP, client);
}

describe('what clients have to prove', () => {
  it('follows the file, and stays as it was when that cannot be used', async () => {
    const path = join(machine.directory, 'policy.json');
    await writeFile(path, JSON.stringify(policyFor(one)));
    const asking = configOf([route({ clients: 'required', client_policy: path })]);
    const proxy = await machine.start(asking);
    await untilReady(proxy);
    const client = await testClient({ platform: one, quote: true });
    expect(await ask(proxy, client)).toMatchObject({ status: 200 });
    await writeFile(path, '{ "version": 1 }');
    await expect(proxy.reload(asking)).rejects.toMatchObject({ code: 'ERR_PROXY_CLIENT_POLICY' });
    expect(await ask(proxy, client)).toMatchObject({ status: 200 });
    await writeFile(path, JSON.stringify(policyFor(other)));
    await proxy.reload(asking);
    await waitFor(async () => (await ask(proxy, client)).status === 403, SOON);
    await proxy.reload(configOf([route()]));
    await waitFor(async () => (await ask(proxy)).status === 200, SOON);
  });

  it('follows the launcher for its own hosts', async () => {
    const proxy = await machine.start(configOf([]));
    const state = (revision: number, policy: Record<string, unknown>): GatewayState => ({
      version: 1,
      revision,
      bootId: 'launcher-1',
      platform: { tee: 'tdx', simulated: true, runtimeVersion: 'test/1' },
      eventLog: [],
      hosts: [
        {
          hostname: APP,
          mode: 'http',
          upstream: upstream.upstream,
          attestation: 'certificate',
          extensions: [{ oid: OID.imageDigest, value: toBase64(new Uint8Array(32)) }],
          clients: { mode: 'required', policy },
        },
      ],
    });
    expect(await machine.ask('PUT', '/v1/state', state(1, policyFor(one)))).toMatchObject({
      status: 200,
    });
    await untilReady(proxy);
    expect(await ask(proxy)).toMatchObject({ status: 403, code: 'ERR_PROXY_PEER_REQUIRED' });
    const client = await testClient({ platform: one, quote: true });
    expect((await ask(proxy, client)).told).toMatchObject({
      'x-proofgate-peer-binding': ['certificate'],
    });
    const refused = await machine.ask('PUT', '/v1/state', state(2, { version: 1 }));
    expect(refused).toMatchObject({ status: 400, body: { code: 'ERR_PROXY_CLIENT_POLICY' } });
    expect(await ask(proxy, client)).toMatchObject({ status: 200 });
  });
});
