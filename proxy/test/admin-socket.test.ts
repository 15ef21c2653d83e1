// SPDX-License-Identifier: Apache-2.0
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stateSummarySchema, type GatewayState } from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import { OID, readAttestationExtensions, toBase64 } from '@proofgate/evidence';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { askVerified, isRefused, leafOf } from './proxy-client.ts';
import { startMachine, untilReady, type TestMachine } from './test-proxy.ts';

// Each test forks processes, which takes long on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const APP = 'app.example.com';
const SOON = { timeoutMs: 8_000 };
let machine: TestMachine;
let upstream: HttpUpstream;

beforeEach(async () => {
  machine = await startMachine();
  upstream = await startHttpUpstream((incoming, outgoing) =>
    outgoing.end(`hello ${String(incoming.headers.host)}`),
  );
});
afterEach(async () => {
  await machine.close();
  await upstream.close();
});

function route(hostname: string, more: object = {}): object {
  return { hostname, upstream: upstream.upstream, ...more };
}

function state(
  revision: number,
  hosts: GatewayState['hosts'],
  more: Partial<GatewayState> = {},
): GatewayState {
  return {
    version: 1,
    revision,
    bootId: 'launcher-1',
    platform: { tee: 'tdx', simulated: true, runtimeVersion: 'test/1' },
    eventLog: [],
    hosts,
    ...more,
  };
}

function host(hostname: string, digest = 1): GatewayState['hosts'][number] {
  return {
    hostname,
    mode: 'http',
    upstream: upstream.upstream,
    attestation: 'certificate',
    extensions: [{ oid: OID.imageDigest, value: toBase64(new Uint8Array(32).fill(digest)) }],
  };
}

/** The answer to `GET /v1/state` without the CAs. */
async function served(): Promise<object> {
  const { ca, ...state } = stateSummarySchema.parse((await machine.ask('GET', '/v1/state')).body);
  expect(ca?.active.subject).toBe('CN=Test intermediary');
  return state;
}

describe('the admin socket', () => {
  it('is for its owner alone', async () => {
    await machine.start(machine.config({}));
    expect((await stat(join(machine.directory, 'proxy.sock'))).mode & 0o777).toBe(0o600);
  });

  it('takes states and serves what they say', async () => {
    const proxy = await machine.start(machine.config({ routes: [route('own.example.com')] }));
    const put = await machine.ask('PUT', '/v1/state', state(0, [host(APP)]));
    expect(put).toEqual({ status: 200, body: { revision: 0, applied: true } });
    await untilReady(proxy);
    expect((await askVerified(proxy, machine.root, APP)).status).toBe(200);
    expect((await askVerified(proxy, machine.root, 'own.example.com')).status).toBe(200);
    expect(await served()).toEqual({
      revision: 0,
      bootId: 'launcher-1',
      hosts: [APP, 'own.example.com'],
    });
    const { body } = await machine.ask('GET', '/v1/identities');
    expect(body).toMatchObject({
      identities: [{ hostname: APP, attestation: 'certificate' }, { hostname: 'own.example.com' }],
    });
    expect(JSON.stringify(body)).not.toMatch(/PRIVATE/);
  });

  it('makes identities anew when their extensions change, and removes hosts', async () => {
    const proxy = await machine.start(machine.config({}));
    await machine.ask('PUT', '/v1/state', state(0, [host(APP, 1), host('two.example.com')]));
    await untilReady(proxy);
    const quotes = machine.quotes();
    await machine.ask('PUT', '/v1/state', state(1, [host(APP, 2)]));
    await untilReady(proxy);
    expect(machine.quotes()).toBe(quotes + 1);
    const { values } = readAttestationExtensions(await leafOf(proxy, machine.root, APP));
    expect(values).toEqual([{ oid: OID.imageDigest, value: new Uint8Array(32).fill(2) }]);
    await waitFor(() => isRefused(proxy, 'two.example.com'), SOON);
  });

  it('refuses what is stale, invalid, or in conflict, and stays as it was', async () => {
    const proxy = await machine.start(machine.config({ routes: [route('own.example.com')] }));
    await machine.ask('PUT', '/v1/state', state(5, [host(APP)]));
    const refused: [unknown, number, string][] = [
      [state(4, []), 409, 'ERR_PROXY_STATE_STALE'],
      [state(5, []), 409, 'ERR_PROXY_STATE_STALE'],
      [{ ...state(6, []), extra: 1 }, 422, 'ERR_PROXY_STATE_INVALID'],
      [state(6, [host(APP), host(APP)]), 422, 'ERR_PROXY_STATE_INVALID'],
      [state(6, [host('own.example.com')]), 422, 'ERR_PROXY_HOST_CONFLICT'],
    ];
    for (const [body, status, code] of refused) {
      expect(await machine.ask('PUT', '/v1/state', body)).toMatchObject({ status, body: { code } });
    }
    expect((await machine.ask('GET', '/v1/nothing')).status).toBe(404);
    await untilReady(proxy);
    expect((await machine.ask('GET', '/v1/state')).body).toMatchObject({ revision: 5 });
    // The same once more, and another launcher, are fine; so is a route of the own file.
    expect((await machine.ask('PUT', '/v1/state', state(5, [host(APP)]))).status).toBe(200);
    const pushed = { ...host('own.example.com'), extensions: [] };
    const other = state(0, [pushed], { bootId: 'launcher-2' });
    expect((await machine.ask('PUT', '/v1/state', other)).status).toBe(200);
  });
});

describe('the last state', () => {
  it('is served after a restart in the same boot', async () => {
    const config = machine.config({});
    const first = await machine.start(config);
    await machine.ask('PUT', '/v1/state', state(3, [host(APP)]));
    await first.stop({ tunnelGraceMs: 0, deadlineMs: 1_000 });
    const second = await machine.start(config);
    await untilReady(second);
    expect((await machine.ask('GET', '/v1/state')).body).toMatchObject({
      revision: 3,
      hosts: [APP],
    });
    expect((await askVerified(second, machine.root, APP)).status).toBe(200);
  });

  it.each([
    [
      'of another boot',
      (text: string) => text.replace(/"machineBoot":"[^"]*"/, '"machineBoot":"other"'),
    ],
    ['damaged', (text: string) => text.slice(0, -10)],
  ])('is not used when it is %s', async (_case, change) => {
    const config = machine.config({});
    const first = await machine.start(config);
    await machine.ask('PUT', '/v1/state', state(3, [host(APP)]));
    await first.stop({ tunnelGraceMs: 0, deadlineMs: 1_000 });
    const path = join(machine.directory, 'data', 'gateway-state.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await writeFile(path, change(await readFile(path, 'utf8')));
    await machine.start(config);
    expect(await served()).toEqual({ hosts: [] });
  });

  it('is not used when a route of the file has the name of a workload in it', async () => {
    const first = await machine.start(machine.config({}));
    await machine.ask('PUT', '/v1/state', state(3, [host(APP)]));
    await first.stop({ tunnelGraceMs: 0, deadlineMs: 1_000 });
    const second = await machine.start(machine.config({ routes: [route(APP)] }));
    await untilReady(second);
    expect(await served()).toEqual({ hosts: [APP] });
  });

  it('is waited for when the file names workloads', async () => {
    const container = { name: 'w', runtime: 'process', command: ['/bin/true'], port: 9_999 };
    const proxy = await machine.start(
      machine.config({ routes: [route(APP)], containers: [container] }),
    );
    expect(proxy.health().status).toBe('starting');
    expect(machine.quotes()).toBe(0);
    await machine.ask('PUT', '/v1/state', state(0, []));
    await untilReady(proxy);
    expect((await askVerified(proxy, machine.root, APP)).status).toBe(200);
  });
});
