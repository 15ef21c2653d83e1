// SPDX-License-Identifier: Apache-2.0
import { eventLogAnswerSchema, volumesAnswerSchema } from '@proofgate/api';
import { describe, expect, test } from 'vitest';
import { apiStage, type ApiStage } from './api-stage.ts';

const CONTAINERS = '/api/v1/containers';
const IMAGE = `registry.example.com/app@sha256:${'12'.repeat(32)}`;
const APP = { name: 'app', image: IMAGE, port: 8000 };

async function withApp(): Promise<ApiStage> {
  const stage = await apiStage();
  expect((await stage.local('POST', CONTAINERS, { json: APP })).status).toBe(202);
  return stage;
}

describe('health', () => {
  test('is that of the launcher, readiness that of its workloads', async () => {
    const stage = await apiStage();
    expect((await stage.local('GET', '/readyz')).body).toEqual({ status: 'ready', containers: 0 });
    stage.target.isReady = false;
    expect(await stage.local('GET', '/healthz')).toMatchObject({ status: 503 });
    expect((await stage.local('GET', '/healthz')).body).toEqual({ status: 'starting' });
    expect((await stage.local('GET', '/readyz')).status).toBe(503);
    stage.target.isReady = true;
    await stage.local('POST', CONTAINERS, { json: APP });
    await stage.local('POST', CONTAINERS, { json: { ...APP, name: 'two', port: 8001 } });
    stage.target.update('app', { status: 'healthy' });
    const waiting = await stage.remote('GET', '/readyz');
    expect(waiting.status).toBe(503);
    expect(waiting.body).toEqual({ status: 'not_ready', containers: 2, waiting: ['two'] });
    stage.target.update('two', { status: 'running' });
    expect((await stage.remote('GET', '/readyz')).body).toEqual({ status: 'ready', containers: 2 });
  });
});

describe('volumes', () => {
  async function withVolumes(): Promise<ApiStage> {
    const stage = await apiStage();
    stage.target.volumeSizes.set('data', { bytes: 2 ** 30, mounted: false });
    stage.target.volumeSizes.set('used', { bytes: 2 ** 30, mounted: true });
    return stage;
  }

  test('are listed by both of their names', async () => {
    const stage = await withVolumes();
    const { body } = await stage.remote('GET', '/api/v1/volumes');
    expect(volumesAnswerSchema.parse(body).volumes).toEqual([
      { name: 'data', lv_name: 'vol-data', size_mb: 1_024, mounted: false },
      { name: 'used', lv_name: 'vol-used', size_mb: 1_024, mounted: true },
    ]);
  });

  test.each(['data', 'vol-data'])('grow by the name %s', async (name) => {
    const stage = await withVolumes();
    const path = `/api/v1/volumes/${name}/resize`;
    const { body } = await stage.remote('POST', path, { json: { size: '2G' } });
    expect(body).toEqual({ status: 'resized', size: '2G' });
    expect(stage.target.volumeSizes.get('data')?.bytes).toBe(2 ** 31);
    const smaller = await stage.remote('POST', path, { json: { size: '1G' } });
    expect(smaller.problem).toMatchObject({ status: 422, code: 'ERR_LAUNCHER_VOLUME_REFUSED' });
    const nonsense = await stage.remote('POST', path, { json: { size: 'large' } });
    expect(nonsense.problem).toMatchObject({ errors: [{ pointer: '/size' }] });
  });

  test('are deleted unless they are in use', async () => {
    const stage = await withVolumes();
    const remove = (name: string) => stage.remote('DELETE', `/api/v1/volumes/${name}`);
    expect((await remove('vol-data')).body).toEqual({ status: 'deleted' });
    expect((await remove('data')).problem).toMatchObject({
      status: 404,
      code: 'ERR_LAUNCHER_VOLUME_UNKNOWN',
    });
    expect((await remove('used')).problem).toMatchObject({
      status: 409,
      code: 'ERR_LAUNCHER_VOLUME_IN_USE',
    });
    expect([...stage.target.volumeSizes.keys()]).toEqual(['used']);
  });

  test('whose name begins with vol- are not taken for others', async () => {
    const stage = await withVolumes();
    stage.target.volumeSizes.set('vol-data', { bytes: 1, mounted: false });
    await stage.remote('DELETE', '/api/v1/volumes/vol-data');
    expect([...stage.target.volumeSizes.keys()]).toEqual(['data', 'used']);
  });
});

describe('the platform', () => {
  test('gets another CA', async () => {
    const stage = await apiStage();
    const json = {
      ca_cert: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      ca_key: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
    };
    const { body } = await stage.remote('PUT', '/api/v1/tls', { json });
    expect(body).toEqual({
      status: 'updated',
      cn: 'Test intermediary',
      not_before: '2026-01-01T00:00:00.000Z',
      not_after: '2027-01-01T00:00:00.000Z',
    });
    expect(stage.target.ca).toBe(json.ca_cert);
    const swapped = { ca_cert: json.ca_key, ca_key: json.ca_cert };
    const { problem, text } = await stage.remote('PUT', '/api/v1/tls', { json: swapped });
    expect(problem.errors?.map(({ pointer }) => pointer)).toEqual(['/ca_cert', '/ca_key']);
    expect(text).not.toContain('AAAA');
  });

  test('gets other attestation servers', async () => {
    const stage = await apiStage();
    const servers = [{ url: 'https://b.example/verify' }, { url: 'https://a.example/verify' }];
    const answer = await stage.remote('PUT', '/api/v1/attestation-servers', { json: { servers } });
    expect(answer.body).toEqual({
      status: 'attestation_servers_updated',
      server_count: 2,
      // RA-TLS v1: SHA-256 of the sorted URLs, joined by line feeds.
      hash: 'be7442c01ed2a0d883794486ec01e06517f899381071edec989f493c284e4543',
    });
    expect(stage.target.servers).toEqual(servers);
  });

  test.each([
    [{ servers: [] }, '/servers'],
    [{ servers: [{ url: 'ftp://x' }] }, '/servers/0/url'],
    [{ servers: [{ url: 'https://u:p@x/' }] }, '/servers/0/url'],
    [{ servers: [{ url: 'https://x/', token: '' }] }, '/servers/0/token'],
    [{ servers: [{ url: 'https://x/', key: 'k' }] }, '/servers/0/key'],
    [{ servers: [{ url: 'https://x/' }, { url: 'https://y/', token: 't' }] }, '/servers/1/token'],
  ])('does not get the servers %j', async (json, pointer) => {
    const stage = await apiStage();
    const { problem } = await stage.remote('PUT', '/api/v1/attestation-servers', { json });
    expect(problem).toMatchObject({ status: 422, errors: [{ pointer }] });
    expect(stage.target.servers).toEqual([]);
  });

  test('shows its logs', async () => {
    const stage = await withApp();
    const without = await stage.remote('GET', '/api/v1/eventlog');
    expect(eventLogAnswerSchema.parse(without.body)).toEqual({
      app_events: [{ type: 'proofgate.workload.unload', name: 'app' }],
    });
    stage.target.boot = { source: 'ccel', bytes: new Uint8Array([1, 2, 3]) };
    const withBoot = await stage.remote('GET', '/api/v1/eventlog');
    expect(withBoot.body).toMatchObject({ raw: 'AQID', source: 'ccel' });
  });
});

describe('the metrics', () => {
  test('have a bounded number of values, whatever clients send', async () => {
    const stage = await apiStage();
    for (let index = 0; index < 5; index += 1) {
      await stage.remote('GET', `/nothing-${String(index)}`);
      await stage.remote('DELETE', `${CONTAINERS}/app-${String(index)}`);
    }
    await stage.local('PROPFIND', '/x');
    await stage.remote('GET', '/readyz', { token: 'a.b.c' });
    const { text, headers } = await stage.remote('GET', '/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const requests = text.split('\n').filter((line) => line.startsWith('enclave_os_api_requests'));
    expect(requests).toEqual([
      'enclave_os_api_requests_total{transport="remote",method="GET",path="unmatched",status="404"} 5',
      'enclave_os_api_requests_total{transport="remote",method="DELETE",path="/api/v1/containers/{name}",status="200"} 5',
      'enclave_os_api_requests_total{transport="local",method="other",path="unmatched",status="404"} 1',
      'enclave_os_api_requests_total{transport="remote",method="GET",path="/readyz",status="401"} 1',
    ]);
    expect(text).toContain(
      'proofgate_management_refused_tokens_total{code="ERR_LAUNCHER_TOKEN_INVALID"} 1\n',
    );
  });

  test('show every workload', async () => {
    const stage = await withApp();
    await stage.local('POST', CONTAINERS, {
      json: { name: 'two', runtime: 'process', command: ['/a"b\\c\nd'], port: 1 },
    });
    const progress = { total_bytes: 100, downloaded_bytes: 40 };
    stage.target.update('app', { status: 'pulling', restarts: 3, pull_progress: progress });
    stage.target.update('two', { status: 'unhealthy' });
    const { text } = await stage.local('GET', '/metrics');
    for (const line of [
      `enclave_os_container_status{name="app",image="${IMAGE}"} 0`,
      'enclave_os_container_status{name="two",image="process:/a\\"b\\\\c\\nd"} 3',
      'enclave_os_containers_loaded 2',
      'proofgate_workload_state{name="app",state="pulling"} 1',
      'proofgate_workload_restarts_total{name="app"} 3',
      'proofgate_image_pull_downloaded_bytes{name="app"} 40',
      'proofgate_image_pull_size_bytes{name="app"} 100',
      'proofgate_ready 1',
      'proofgate_runtime_events 2',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    // Every line is a comment or a sample, and every sample has its type above it.
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(/^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{.*\})? \d+)$/);
    }
  });
});
