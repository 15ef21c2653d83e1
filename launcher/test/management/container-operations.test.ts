// SPDX-License-Identifier: Apache-2.0
import { createInterface } from 'node:readline';
import {
  execAnswerSchema,
  loadAnswerSchema,
  logLineSchema,
  statusAnswerSchema,
  type LogLine,
} from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import { toHex, utf8 } from '@proofgate/evidence';
import { describe, expect, test, vi } from 'vitest';
import { LauncherError } from '../../src/errors.ts';
import { MAX_LOG_FOLLOWERS } from '../../src/management/container-operations.ts';
import { apiStage, type ApiStage } from './api-stage.ts';

// Keys, signatures and waiting for a status take their time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const CONTAINERS = '/api/v1/containers';
const IMAGE = `registry.example.com/app@sha256:${'12'.repeat(32)}`;
const APP = { name: 'app', image: IMAGE, port: 8000 };
const WITHIN = { timeoutMs: 5_000, intervalMs: 5 };

async function withApp(wish: Parameters<typeof apiStage>[0] = {}): Promise<ApiStage> {
  const stage = await apiStage(wish);
  expect((await stage.local('POST', CONTAINERS, { json: APP })).status).toBe(202);
  return stage;
}

describe('loading', () => {
  test('is accepted at once, with what will be measured', async () => {
    const stage = await apiStage();
    const answer = await stage.remote('POST', CONTAINERS, { json: APP });
    expect(answer.status).toBe(202);
    expect(loadAnswerSchema.parse(answer.body)).toMatchObject({
      name: 'app',
      image: IMAGE,
      status: 'loading',
      replaces: false,
    });
    const again = await stage.remote('POST', CONTAINERS, { json: APP });
    expect(loadAnswerSchema.parse(again.body).replaces).toBe(true);
    const status = await stage.remote('GET', '/api/v1/status');
    expect(statusAnswerSchema.parse(status.body)).toMatchObject([
      { name: 'app', image: IMAGE, status: 'pending' },
    ]);
  });

  test('understands Enclave OS', async () => {
    const stage = await apiStage();
    const json = { ...APP, resources: { vcpus: 2, memory_mb: 512 }, wait_ready: true };
    expect((await stage.remote('POST', CONTAINERS, { json })).status).toBe(202);
    expect(stage.target.containers.get('app')?.config).toMatchObject({
      runtime: 'container',
      resource_vcpus: 2,
      resource_memory_mb: 512,
      isolation: { read_only_root: true, egress: 'none' },
    });
  });

  test('is refused at once, with every field that is wrong', async () => {
    const stage = await apiStage();
    const json = {
      name: 'App',
      image: 'nginx:latest',
      port: 8080,
      app_id: 'nonsense',
      health_check: { http: 'https://x/', interval: 5 },
      env: { 'A/B': 'x' },
      priviledged: true,
    };
    const { problem } = await stage.remote('POST', CONTAINERS, { json });
    expect(problem).toMatchObject({ status: 422, code: 'ERR_LAUNCHER_REQUEST_INVALID' });
    expect(problem.errors?.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/app_id',
      '/env/A~1B',
      '/health_check/http',
      '/health_check/interval',
      '/image',
      '/name',
      '/port',
      '/priviledged',
    ]);
    const details = new Map(problem.errors?.map(({ pointer, detail }) => [pointer, detail]));
    expect(details.get('/image')).toContain('is not pinned by digest');
    expect(details.get('/port')).toContain('8080 is reserved');
    expect(details.get('/priviledged')).toBe('is unknown');
    expect(stage.target.containers.size).toBe(0);
  });

  test('is refused with what does not fit the others', async () => {
    const stage = await withApp();
    const json = { ...APP, name: 'other' };
    const { problem } = await stage.remote('POST', CONTAINERS, { json });
    expect(problem).toMatchObject({
      status: 409,
      code: 'ERR_LAUNCHER_REQUEST_REFUSED',
      errors: [{ pointer: '/port', detail: 'port 8000 is already taken by app' }],
    });
  });

  test.each([
    ['rejected', 'ERR_LAUNCHER_IMAGE_REFUSED', 422],
    ['unavailable', 'ERR_LAUNCHER_ENGINE_UNAVAILABLE', 503],
  ] as const)('that is %s says why', async (_family, code, status) => {
    const stage = await apiStage();
    stage.target.failure = new LauncherError(code, 'it does not work', { hint: 'do it so' });
    const { problem } = await stage.remote('POST', CONTAINERS, { json: APP });
    expect(problem).toMatchObject({ status, code, detail: 'it does not work; do it so' });
  });
});

test('unloading can be repeated', async () => {
  const stage = await withApp();
  for (let index = 0; index < 2; index += 1) {
    const { status, body } = await stage.remote('DELETE', `${CONTAINERS}/app`);
    expect([status, body]).toEqual([200, { name: 'app', status: 'unloaded' }]);
  }
  expect(stage.target.containers.size).toBe(0);
});

describe('logs', () => {
  const LINES: LogLine[] = [
    { stream: 'stdout', time: '2026-11-20T12:00:00.001Z', text: 'ready' },
    { stream: 'stderr', time: '2026-11-20T12:00:00.002Z', text: 'warning: ünïcode' },
    { stream: 'stderr', text: 'no time' },
  ];

  async function withLines(): Promise<ApiStage> {
    const stage = await withApp();
    stage.target.lines.set('app', [...LINES]);
    return stage;
  }

  test('are the errors as text unless something else is asked for', async () => {
    const stage = await withLines();
    const { headers, text } = await stage.remote('GET', `${CONTAINERS}/app/logs`);
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(text).toBe('2026-11-20T12:00:00.002Z warning: ünïcode\nno time\n');
    const all = await stage.remote('GET', `${CONTAINERS}/app/logs?stream=all&tail_bytes=6`);
    expect(all.text).toBe('2026-11-20T12:00:00.001Z ready\n');
  });

  test('are lines of JSON for whoever accepts those', async () => {
    const stage = await withLines();
    const token = await stage.issuer.token();
    const headers = { accept: 'application/x-ndjson, text/plain;q=0.1' };
    const answer = await stage.remote('GET', `${CONTAINERS}/app/logs?stream=all`, {
      token,
      headers,
    });
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    const lines = answer.text.trimEnd().split('\n');
    expect(lines.map((line) => logLineSchema.parse(JSON.parse(line)))).toEqual(LINES);
  });

  test('go on for whoever follows them, until they leave', async () => {
    const stage = await withLines();
    const response = await stage.open(`${CONTAINERS}/app/logs?stream=stdout&follow=true`);
    const seen: string[] = [];
    createInterface({ input: response }).on('line', (line) => seen.push(line));
    response.on('error', () => undefined);
    await waitFor(() => seen.length === 1, WITHIN);
    stage.target.lines.get('app')?.push({ stream: 'stderr', text: 'x' });
    stage.target.lines.get('app')?.push({ stream: 'stdout', text: 'later' });
    await waitFor(() => seen.length === 2, WITHIN);
    expect(seen).toEqual(['2026-11-20T12:00:00.001Z ready', 'later']);
    response.destroy();
  });

  test('are followed by a bounded number, which those who leave make room in', async () => {
    const stage = await withLines();
    const path = `${CONTAINERS}/app/logs?follow=true`;
    const followers = await Promise.all(
      Array.from({ length: MAX_LOG_FOLLOWERS }, () => stage.open(path)),
    );
    for (const follower of followers) follower.on('error', () => undefined).resume();
    const refused = await stage.remote('GET', path);
    expect(refused.problem).toMatchObject({ status: 503, code: 'ERR_LAUNCHER_TOO_MANY_STREAMS' });
    expect((await stage.remote('GET', `${CONTAINERS}/app/logs`)).status).toBe(200);
    followers[0]?.destroy();
    await waitFor(async () => {
      const next = await stage.open(path);
      next.on('error', () => undefined).destroy();
      return next.statusCode === 200;
    }, WITHIN);
    for (const follower of followers) follower.destroy();
  });

  test('are not followed by somebody who asks for the head alone, or is gone already', async () => {
    const stage = await withLines();
    const path = `${CONTAINERS}/app/logs?follow=true`;
    for (let index = 0; index <= MAX_LOG_FOLLOWERS; index += 1) {
      expect((await stage.remote('HEAD', path)).status).toBe(200);
    }
    const follower = await stage.open(path);
    follower.on('error', () => undefined).destroy();
    expect(follower.statusCode).toBe(200);
  });

  test('of nobody are not found', async () => {
    const stage = await apiStage();
    const { problem } = await stage.remote('GET', `${CONTAINERS}/app/logs`);
    expect(problem).toMatchObject({ status: 404, code: 'ERR_LAUNCHER_WORKLOAD_UNKNOWN' });
  });
});

describe('exec', () => {
  test('runs a program and brings back what it did', async () => {
    const stage = await withApp();
    const json = { command: ['ls', '-l'], timeout_seconds: 2.5, max_output_bytes: 10 };
    const answer = await stage.remote('POST', `${CONTAINERS}/app/exec`, { json });
    expect(execAnswerSchema.parse(answer.body)).toEqual({
      exit_code: 2,
      stdout_b64: Buffer.from('ls -l').toString('base64'),
      stderr_b64: Buffer.from('warning\n').toString('base64'),
    });
    expect(stage.target.executed).toMatchObject([
      { argv: ['ls', '-l'], timeoutMs: 2_500, maxOutputBytes: 10 },
    ]);
    const late = await stage.remote('POST', `${CONTAINERS}/app/exec`, {
      json: { command: ['sleep'] },
    });
    expect(execAnswerSchema.parse(late.body).exit_code).toBeNull();
  });

  test('is refused unless the config file allows it, on both transports', async () => {
    const stage = await withApp({ execAllowed: false });
    for (const ask of [stage.local, stage.remote]) {
      const { problem } = await ask('POST', `${CONTAINERS}/app/exec`, {
        json: { command: ['id'] },
      });
      expect(problem).toMatchObject({ status: 403, code: 'ERR_LAUNCHER_EXEC_DISABLED' });
    }
    expect(stage.target.executed).toEqual([]);
    expect(stage.log.filter(({ audit }) => audit === 'execInContainer')).toHaveLength(2);
  });

  test.each([
    [{ command: [] }, '/command'],
    [{ command: [''] }, '/command'],
    [{ command: 'ls' }, '/command'],
    [{ command: ['a\0b'] }, '/command/0'],
    [{ command: ['a'], timeout_seconds: 241 }, '/timeout_seconds'],
    [{ command: ['a'], max_output_bytes: 4_194_305 }, '/max_output_bytes'],
    [{ command: ['a'], user: 'root' }, '/user'],
    [{}, '/command'],
  ])('does not take %j', async (json, pointer) => {
    const stage = await withApp();
    const { problem } = await stage.local('POST', `${CONTAINERS}/app/exec`, { json });
    expect(problem).toMatchObject({ status: 422, errors: [{ pointer }] });
  });
});

describe('extensions', () => {
  const path = `${CONTAINERS}/app/attestation-extensions`;
  const value_b64 = Buffer.from('hello').toString('base64');

  test.each(['5.1', '1.3.6.1.4.1.65230.3.5.5.1'])('are set by %s', async (oid) => {
    const stage = await withApp();
    const { status, body } = await stage.remote('POST', path, { json: { oid, value_b64 } });
    expect([status, body]).toEqual([200, { status: 'ok' }]);
    expect([...stage.target.extensions]).toEqual([
      ['app 1.3.6.1.4.1.65230.3.5.5.1', toHex(utf8('hello'))],
    ]);
  });

  test.each([
    '1.3.6.1.4.1.65230.3.5',
    '1.3.6.1.4.1.65230.3.2',
    '1.3.6.1.4.1.65230.3.50.1',
    '2.5.29.17',
    '1.2.840.113741.1.5.5.1.6',
    '05',
    '5.',
    '.5',
    '',
    '5.1.2.3',
    '1.3.6.1.4.1.65230.3.5.1.2.3.4.5.6.7.8.9',
  ])('outside of the workload’s own arc are refused: %s', async (oid) => {
    const stage = await withApp();
    const { problem } = await stage.remote('POST', path, { json: { oid, value_b64 } });
    expect(stage.target.extensions.size).toBe(0);
    expect(problem).toMatchObject({ status: 422, errors: [{ pointer: '/oid' }] });
  });

  test('have a bounded size', async () => {
    const stage = await withApp();
    const send = (bytes: number) =>
      stage.remote('POST', path, {
        json: { oid: '1', value_b64: Buffer.alloc(bytes).toString('base64') },
      });
    expect((await send(4_096)).status).toBe(200);
    expect((await send(4_099)).problem).toMatchObject({ errors: [{ pointer: '/value_b64' }] });
  });
});

test('a configured container is opened', async () => {
  const stage = await withApp();
  const path = `${CONTAINERS}/app/config-complete`;
  expect((await stage.remote('POST', path)).body).toEqual({ status: 'ok' });
  expect([...stage.target.configured]).toEqual(['app']);
});
