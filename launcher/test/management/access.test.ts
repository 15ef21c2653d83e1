// SPDX-License-Identifier: Apache-2.0
import { MANAGEMENT_ENDPOINTS } from '@proofgate/api';
import { describe, expect, test, vi } from 'vitest';
import { FAILURE_BURST, FAILURE_REFILL_MS } from '../../src/management/failure-limiter.ts';
import { apiStage, type ApiStage } from './api-stage.ts';
import { MONITORING } from './oidc-issuer.ts';

// Keys, signatures and waiting for a status take their time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const CONTAINERS = '/api/v1/containers';
const DIGEST = `sha256:${'12'.repeat(32)}`;
const IMAGE = `registry.example.com/app@${DIGEST}`;
const LOAD = { name: 'app', image: IMAGE, port: 8000 };
const ENDPOINTS = Object.values(MANAGEMENT_ENDPOINTS);

const pathOf = (path: string): string => path.replace('{name}', 'app');

describe('without an issuer', () => {
  test('remote callers get their health and nothing else', async () => {
    const stage = await apiStage({ oidc: 'absent' });
    expect((await stage.remote('GET', '/healthz')).body).toEqual({ status: 'ok' });
    for (const { method, path } of ENDPOINTS.filter(({ path }) => path !== '/healthz')) {
      const { problem } = await stage.remote(method, pathOf(path));
      expect(problem, path).toMatchObject({ status: 403, code: 'ERR_LAUNCHER_REMOTE_DISABLED' });
    }
    expect((await stage.remote('GET', '/nothing')).status).toBe(403);
    expect(stage.issuer.requests).toEqual([]);
  });

  test('root of the VM gets everything', async () => {
    const stage = await apiStage({ oidc: 'absent' });
    expect((await stage.local('POST', CONTAINERS, { json: LOAD })).status).toBe(202);
    expect((await stage.local('GET', '/api/v1/status')).body).toHaveLength(1);
  });
});

describe('without a token', () => {
  test('remote callers get what is for everybody', async () => {
    const stage = await apiStage();
    for (const { method, path, role } of ENDPOINTS) {
      const { status, headers, text } = await stage.remote(method, pathOf(path), { headers: {} });
      if (role === 'none') expect(status, path).toBe(200);
      else {
        expect(status, path).toBe(401);
        expect(text).toContain('ERR_LAUNCHER_TOKEN_MISSING');
        // RFC 6750, section 3.1: no error is named to somebody who presented nothing.
        expect(headers['www-authenticate']).toBe('Bearer realm="proofgate"');
      }
    }
  });

  test.each(['Basic YTpi', 'Bearer', 'Bearer ', 'Bearer a b', 'bearer', 'Token x', ''])(
    'other credentials do not help: "%s"',
    async (authorization) => {
      const stage = await apiStage();
      const { problem } = await stage.remote('GET', '/api/v1/status', {
        headers: { authorization },
      });
      expect(problem).toMatchObject({ status: 401, code: 'ERR_LAUNCHER_TOKEN_MISSING' });
    },
  );

  test('the scheme may be written in any case', async () => {
    const stage = await apiStage();
    const headers = { authorization: `bEaReR ${await stage.issuer.token()}` };
    expect((await stage.remote('GET', '/api/v1/status', { headers })).status).toBe(200);
  });
});

test('a monitoring token may look at everything but volumes, and change nothing', async () => {
  const stage = await apiStage();
  await stage.local('POST', CONTAINERS, { json: LOAD });
  const token = await stage.issuer.token({ claims: { roles: [MONITORING] } });
  for (const { method, path, role } of ENDPOINTS) {
    const { status, text } = await stage.remote(method, pathOf(path), { token });
    if (role === 'manager') {
      expect(status, path).toBe(403);
      expect(text).toContain('ERR_LAUNCHER_ROLE_REFUSED');
    } else expect([200, 503], path).toContain(status);
  }
  expect(stage.target.containers.size).toBe(1);
});

describe('a token that is limited to some containers', () => {
  const limited = (stage: ApiStage, containers: unknown): Promise<string> =>
    stage.issuer.token({ claims: { containers } });
  const listed = [{ name: 'app', digest: DIGEST }];

  test('may work on those', async () => {
    const stage = await apiStage();
    const token = await limited(stage, listed);
    const wish = { token, json: LOAD };
    expect((await stage.remote('POST', CONTAINERS, wish)).status).toBe(202);
    expect((await stage.remote('GET', `${CONTAINERS}/app/logs`, { token })).status).toBe(200);
    const exec = { token, json: { command: ['id'] } };
    expect((await stage.remote('POST', `${CONTAINERS}/app/exec`, exec)).status).toBe(200);
    expect((await stage.remote('DELETE', `${CONTAINERS}/app`, { token })).status).toBe(200);
    expect((await stage.remote('GET', '/api/v1/status', { token })).status).toBe(200);
  });

  test.each([
    ['another image', { ...LOAD, image: `registry.example.com/app@sha256:${'34'.repeat(32)}` }],
    ['another name', { ...LOAD, name: 'other' }],
    [
      'another name with the digest in a tag',
      { ...LOAD, name: 'other', image: `x:${'12'.repeat(32)}@sha256:${'34'.repeat(32)}` },
    ],
    ['a program of the VM', { name: 'app', runtime: 'process', command: ['/bin/sh'], port: 1 }],
  ])('may not load %s', async (_what, json) => {
    const stage = await apiStage();
    const token = await limited(stage, listed);
    const { problem } = await stage.remote('POST', CONTAINERS, { token, json });
    expect(problem).toMatchObject({ status: 403, code: 'ERR_LAUNCHER_CLAIM_REFUSED' });
    expect(stage.target.containers.size).toBe(0);
  });

  test.each<[string, object]>([
    ['a secret of the VM', { secrets: [{ name: 'key', file: '/var/lib/proofgate/secrets/x' }] }],
    ['a device', { devices: ['/dev/nvidia0'] }],
    ['root', { isolation: { allow_root: true } }],
    ['capabilities', { isolation: { capabilities: ['CAP_SYS_ADMIN'] } }],
    ['every system call', { isolation: { seccomp: 'unconfined' } }],
    ['the outside', { isolation: { egress: 'internet' } }],
    ['devices of its image', { isolation: { image_labels: { devices: true } } }],
    ['volumes of its image', { isolation: { image_labels: { volumes: true } } }],
    ['all memory', { resource_memory_mb: 0 }],
    ['more processes', { isolation: { pids: 100_000 } }],
    ['a volume of another one', { volumes: ['/var/lib/proofgate/volumes/other:/data'] }],
    ['what may be a volume of another one', { volumes: ['/var/lib/proofgate/volumes/app-2:/d'] }],
  ])('may not load its container with %s', async (_what, fields) => {
    const stage = await apiStage();
    const token = await limited(stage, listed);
    const json = { ...LOAD, ...fields };
    const { problem } = await stage.remote('POST', CONTAINERS, { token, json });
    expect(problem).toMatchObject({ status: 403, code: 'ERR_LAUNCHER_CLAIM_REFUSED' });
    expect(stage.target.containers.size).toBe(0);
    expect((await stage.remote('POST', CONTAINERS, { json })).status).toBe(202);
  });

  test('may load its container with volumes that are called after it', async () => {
    const stage = await apiStage();
    const token = await limited(stage, listed);
    const volumes = ['app:/a', 'app.cache:/b', 'app_db:/c:ro'].map(
      (volume) => `/var/lib/proofgate/volumes/${volume}`,
    );
    const isolation = { user_namespace: true, pids: 9 };
    const json = { ...LOAD, volumes, isolation };
    expect((await stage.remote('POST', CONTAINERS, { token, json })).status).toBe(202);
  });

  test('may not touch another container or the platform', async () => {
    const stage = await apiStage();
    await stage.local('POST', CONTAINERS, { json: { ...LOAD, name: 'other' } });
    const token = await limited(stage, listed);
    const refused = ENDPOINTS.filter(({ scope }) => scope === 'container' || scope === 'platform');
    expect(refused.length).toBeGreaterThan(8);
    for (const { method, path } of refused) {
      const { problem } = await stage.remote(method, path.replace('{name}', 'other'), { token });
      expect(problem, path).toMatchObject({ status: 403, code: 'ERR_LAUNCHER_CLAIM_REFUSED' });
    }
    expect(stage.target.containers.has('other')).toBe(true);
  });

  test('that lists none may change nothing', async () => {
    const stage = await apiStage();
    const token = await limited(stage, []);
    expect((await stage.remote('POST', CONTAINERS, { token, json: LOAD })).status).toBe(403);
    expect((await stage.remote('DELETE', `${CONTAINERS}/app`, { token })).status).toBe(403);
  });

  test.each([
    [null],
    ['app'],
    [{ name: 'app', digest: DIGEST }],
    [['app']],
    [[{ name: 'app' }]],
    [[{ name: 'app', digest: DIGEST.slice(7) }]],
    [[{ name: 'app', digest: DIGEST.toUpperCase() }]],
    [[{ name: 'app', digest: '' }]],
    [[{ name: '*', digest: DIGEST }]],
    [[{ name: 'app', digest: DIGEST, until: 'tomorrow' }]],
    [[{ name: 'app', digest: DIGEST }, null]],
  ])('in a way that cannot be read may do nothing at all: %j', async (claim) => {
    const stage = await apiStage();
    const token = await limited(stage, claim);
    for (const [method, path] of [
      ['POST', CONTAINERS],
      ['DELETE', `${CONTAINERS}/app`],
      ['GET', '/api/v1/status'],
    ] as const) {
      const { problem } = await stage.remote(method, path, { token });
      expect(problem).toMatchObject({ status: 403, code: 'ERR_LAUNCHER_CLAIM_REFUSED' });
    }
  });
});

test('only root of the VM loads a program of the VM', async () => {
  const stage = await apiStage();
  const json = { name: 'app', runtime: 'process', command: ['/bin/sh'], port: 1 };
  const { problem } = await stage.remote('POST', CONTAINERS, { json });
  expect(problem).toMatchObject({ status: 403, code: 'ERR_LAUNCHER_ROLE_REFUSED' });
  expect(stage.target.containers.size).toBe(0);
  expect((await stage.local('POST', CONTAINERS, { json })).status).toBe(202);
});

describe('an address whose tokens are refused again and again', () => {
  const from = (address: string, token: string) => ({
    headers: { 'x-forwarded-for': address, authorization: `Bearer ${token}` },
  });

  test('has to wait, the others do not', async () => {
    const stage = await apiStage();
    const good = await stage.issuer.token();
    const code = async (address: string, token: string): Promise<unknown> => {
      const answer = await stage.remote('GET', '/api/v1/status', from(address, token));
      return answer.status === 200 ? 'accepted' : answer.problem.code;
    };
    for (let index = 0; index < FAILURE_BURST; index += 1) {
      expect(await code('192.0.2.1', 'a.b.c')).toBe('ERR_LAUNCHER_TOKEN_INVALID');
    }
    const blocked = await stage.remote('GET', '/api/v1/status', from('192.0.2.1', good));
    expect(blocked.problem).toMatchObject({ status: 429, code: 'ERR_LAUNCHER_TOO_MANY_FAILURES' });
    expect(Number(blocked.headers['retry-after'])).toBe(FAILURE_REFILL_MS / 1_000);
    expect(await code('192.0.2.2', good)).toBe('accepted');
    stage.time += FAILURE_REFILL_MS;
    expect(await code('192.0.2.1', good)).toBe('accepted');
    expect(await code('192.0.2.1', 'a.b.c')).toBe('ERR_LAUNCHER_TOKEN_INVALID');
    expect(await code('192.0.2.1', good)).toBe('ERR_LAUNCHER_TOO_MANY_FAILURES');
  });

  test('is its whole network in IPv6', async () => {
    const stage = await apiStage();
    const good = await stage.issuer.token();
    for (let index = 0; index < FAILURE_BURST; index += 1) {
      await stage.remote('GET', '/readyz', from(`2001:db8:0:1::${index.toString(16)}`, 'a.b.c'));
    }
    const status = async (address: string): Promise<number> =>
      (await stage.remote('GET', '/readyz', from(address, good))).status;
    expect(await status('2001:db8:0:1:ffff::1')).toBe(429);
    expect(await status('2001:db8::1:0:0:0:1')).toBe(429);
    expect(await status('2001:db8:0:2::1')).toBe(200);
  });

  test('is not one that uses good tokens, or the local socket', async () => {
    const stage = await apiStage();
    const good = await stage.issuer.token();
    for (let index = 0; index < FAILURE_BURST * 2; index += 1) {
      expect((await stage.remote('GET', '/readyz', from('192.0.2.1', good))).status).toBe(200);
      expect((await stage.local('GET', '/readyz', from('192.0.2.1', 'a.b.c'))).status).toBe(200);
    }
  });
});

describe('the audit log', () => {
  const audited = (stage: ApiStage) => stage.log.filter((entry) => 'audit' in entry);

  test('says who changed what, and what came of it', async () => {
    const stage = await apiStage();
    const headers = {
      'x-forwarded-for': '192.0.2.1',
      authorization: `Bearer ${await stage.issuer.token({ claims: { sub: 'bob' } })}`,
    };
    const loaded = await stage.remote('POST', CONTAINERS, { headers, json: LOAD });
    await stage.remote('POST', CONTAINERS, { headers, json: { ...LOAD, name: 'second' } });
    await stage.remote('DELETE', `${CONTAINERS}/app`, { headers });
    await stage.local('DELETE', `${CONTAINERS}/app`);
    await stage.remote('DELETE', `${CONTAINERS}/app`, { headers: {} });
    expect(audited(stage)).toMatchObject([
      {
        audit: 'loadContainer',
        requestId: loaded.headers['x-request-id'],
        who: 'bob',
        from: '192.0.2.1',
        workload: 'app',
        image: IMAGE,
        status: 202,
      },
      { workload: 'second', status: 409, code: 'ERR_LAUNCHER_REQUEST_REFUSED' },
      { audit: 'unloadContainer', who: 'bob', on: 'app', status: 200 },
      { audit: 'unloadContainer', who: 'local', from: 'this VM', on: 'app', status: 200 },
      { audit: 'unloadContainer', who: 'anonymous', status: 401 },
    ]);
  });

  test('has no line for a look', async () => {
    const stage = await apiStage();
    await stage.remote('GET', '/api/v1/status');
    await stage.remote('GET', '/api/v1/volumes');
    expect(audited(stage)).toEqual([]);
  });

  test('holds no secret', async () => {
    const stage = await apiStage();
    await stage.local('POST', CONTAINERS, { json: { ...LOAD, env: { PASSWORD: 'hush-1' } } });
    await stage.local('POST', `${CONTAINERS}/app/exec`, {
      json: { command: ['/bin/login', '--password', 'hush-2'] },
    });
    const servers = [{ url: 'https://as.example.com/verify', token: 'hush-3' }];
    await stage.local('PUT', '/api/v1/attestation-servers', { json: { servers } });
    const ca_key = '-----BEGIN PRIVATE KEY-----\nhush-4\n-----END PRIVATE KEY-----\n';
    const ca_cert = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    await stage.local('PUT', '/api/v1/tls', { json: { ca_cert, ca_key } });
    expect(audited(stage)).toMatchObject([
      { audit: 'loadContainer', status: 202 },
      { audit: 'execInContainer', on: 'app', program: '/bin/login', arguments: 2, exitCode: 3 },
      { audit: 'setAttestationServers', urls: ['https://as.example.com/verify'] },
      { audit: 'replaceCa', commonName: 'Test intermediary' },
    ]);
    expect(JSON.stringify(stage.log)).not.toContain('hush');
  });
});
