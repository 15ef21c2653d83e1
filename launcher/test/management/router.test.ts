// SPDX-License-Identifier: Apache-2.0
import { MANAGEMENT_ENDPOINTS, problemSchema } from '@proofgate/api';
import { describe, expect, test } from 'vitest';
import { MAX_REQUEST_BYTES } from '../../src/management/call.ts';
import { apiStage, type RequestWish } from './api-stage.ts';

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const CONTAINERS = '/api/v1/containers';

describe('every answer', () => {
  test('has a length, an id and no place in a cache', async () => {
    const stage = await apiStage();
    for (const path of ['/healthz', '/readyz', '/api/v1/status', '/metrics', '/openapi.json']) {
      const { status, headers, text } = await stage.remote('GET', path);
      expect(status, path).toBe(200);
      expect(headers['content-length'], path).toBe(String(Buffer.byteLength(text)));
      expect(headers, path).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-request-id': expect.stringMatching(UUID) as string,
      });
      expect(headers['transfer-encoding'], path).toBeUndefined();
    }
  });

  test('that refuses is a problem with its request’s id', async () => {
    const stage = await apiStage();
    const { headers, problem } = await stage.remote('GET', '/nothing');
    expect(headers['content-type']).toBe('application/problem+json');
    expect(problemSchema.parse(problem)).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'nothing is here; /openapi.json lists what there is',
      code: 'ERR_LAUNCHER_ENDPOINT_UNKNOWN',
      instance: `urn:uuid:${String(headers['x-request-id'])}`,
    });
  });

  test('to HEAD is the head of that to GET', async () => {
    const stage = await apiStage();
    const get = await stage.remote('GET', '/api/v1/status');
    const head = await stage.remote('HEAD', '/api/v1/status');
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
  });

  test('says nothing of an error that nobody expected, and the log everything', async () => {
    const stage = await apiStage();
    stage.target.failure = new Error('a detail of the inside');
    const { problem, text } = await stage.remote('DELETE', `${CONTAINERS}/app`);
    expect(problem).toMatchObject({ status: 500, code: 'ERR_INTERNAL' });
    expect(text).not.toContain('inside');
    expect(JSON.stringify(stage.log)).toContain('a detail of the inside');
  });
});

describe('the paths', () => {
  test.each([
    '/',
    '/healthz/',
    '/HEALTHZ',
    '//healthz',
    '/api/v1/containers/',
    '/api/v1/containers/app/',
    '/api/v1/containers/App/logs',
    '/api/v1/containers/a%2f/logs',
    '/api/v1/containers/../status',
    '/api/v1/containers/-a/logs',
    '/api/v2/status',
    '/openapi_json',
  ])('do not include %s', async (path) => {
    const stage = await apiStage();
    const { problem } = await stage.local('GET', path);
    expect(problem).toMatchObject({ status: 404, code: 'ERR_LAUNCHER_ENDPOINT_UNKNOWN' });
  });

  test.each([
    ['POST', '/api/v1/status', 'HEAD, GET'],
    ['GET', CONTAINERS, 'POST'],
    ['PATCH', `${CONTAINERS}/app`, 'DELETE'],
    ['DELETE', '/api/v1/volumes', 'HEAD, GET'],
    ['HEAD', CONTAINERS, 'POST'],
  ])('say which methods they have: %s %s', async (method, path, allow) => {
    const stage = await apiStage();
    const { status, headers } = await stage.local(method, path);
    expect([status, headers.allow]).toEqual([405, allow]);
  });

  test('that are documented are served', async () => {
    const stage = await apiStage();
    for (const { method, path } of Object.values(MANAGEMENT_ENDPOINTS)) {
      const { text } = await stage.local(method, path.replace('{name}', 'app'));
      expect(text, path).not.toContain('ERR_LAUNCHER_ENDPOINT_UNKNOWN');
      expect(text, path).not.toContain('ERR_LAUNCHER_METHOD_REFUSED');
    }
  });

  test('are described by what is served as their description', async () => {
    const { body } = await (await apiStage()).remote('GET', '/openapi.json', { headers: {} });
    expect(Object.keys((body as { paths: object }).paths).toSorted()).toEqual(
      [...new Set(Object.values(MANAGEMENT_ENDPOINTS).map(({ path }) => path))].toSorted(),
    );
  });
});

describe('content', () => {
  const load = { name: 'app', runtime: 'process', command: ['/app'], port: 8000 };

  test.each<[what: string, wish: RequestWish, status: number, code: string]>([
    [
      'without a type',
      { body: JSON.stringify(load), headers: {} },
      415,
      'ERR_LAUNCHER_REQUEST_TYPE',
    ],
    [
      'that is a form',
      { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'ERR_LAUNCHER_REQUEST_TYPE',
    ],
    [
      'of a type that only begins alike',
      { json: load, headers: { 'content-type': 'application/json-seq' } },
      415,
      'ERR_LAUNCHER_REQUEST_TYPE',
    ],
    [
      'in another character set',
      { json: load, headers: { 'content-type': 'application/json; charset=latin1' } },
      415,
      'ERR_LAUNCHER_REQUEST_TYPE',
    ],
    [
      'that is compressed',
      { json: load, headers: { 'content-encoding': 'gzip' } },
      415,
      'ERR_LAUNCHER_REQUEST_TYPE',
    ],
    [
      'that is empty',
      { body: '', headers: { 'content-type': 'application/json' } },
      400,
      'ERR_LAUNCHER_REQUEST_MALFORMED',
    ],
    [
      'that is cut off',
      { body: '{"name":', headers: { 'content-type': 'application/json' } },
      400,
      'ERR_LAUNCHER_REQUEST_MALFORMED',
    ],
    [
      'that is not UTF-8',
      {
        body: Buffer.from([0x22, 0xff, 0x22]),
        headers: { 'content-type': 'application/json' },
      },
      400,
      'ERR_LAUNCHER_REQUEST_MALFORMED',
    ],
    [
      'that repeats a member',
      {
        body: `{"port":1,${JSON.stringify(load).slice(1)}`,
        headers: { 'content-type': 'application/json' },
      },
      400,
      'ERR_LAUNCHER_REQUEST_MALFORMED',
    ],
    [
      'that is large',
      { json: { ...load, command: ['/app', ...Array<string>(3).fill('x'.repeat(100_000))] } },
      413,
      'ERR_LAUNCHER_REQUEST_TOO_LARGE',
    ],
  ])('%s is refused', async (_what, wish, status, code) => {
    const stage = await apiStage();
    expect((await stage.local('POST', CONTAINERS, wish)).problem).toMatchObject({ status, code });
    expect(stage.target.containers.size).toBe(0);
  });

  test('with a character set is accepted, up to the limit', async () => {
    const stage = await apiStage();
    const env = { TEXT: 'x'.repeat(100_000), MORE: 'x'.repeat(100_000) };
    expect(JSON.stringify({ ...load, env }).length).toBeLessThan(MAX_REQUEST_BYTES);
    const headers = { 'content-type': 'application/json; charset=UTF-8' };
    const answer = await stage.local('POST', CONTAINERS, { json: { ...load, env }, headers });
    expect(answer.status).toBe(202);
  });

  test('where none belongs is refused', async () => {
    const stage = await apiStage();
    for (const [method, path] of [
      ['GET', '/api/v1/status'],
      ['DELETE', `${CONTAINERS}/app`],
      ['POST', `${CONTAINERS}/app/config-complete`],
    ] as const) {
      const { problem } = await stage.local(method, path, { json: {} });
      expect(problem).toMatchObject({ status: 400, code: 'ERR_LAUNCHER_REQUEST_MALFORMED' });
    }
  });
});

describe('parameters', () => {
  test.each([
    ['/api/v1/status?watch=1', [{ pointer: '?watch', detail: 'is unknown' }]],
    ['/api/v1/containers/app/logs?lines=1', [{ pointer: '?lines', detail: 'is unknown' }]],
    [
      '/api/v1/containers/app/logs?stream=stdout&stream=stderr',
      [{ pointer: '?stream', detail: 'appears twice' }],
    ],
    [
      '/api/v1/containers/app/logs?tail_bytes=-1&follow=yes&stream=both',
      [
        { pointer: '?stream', detail: expect.stringContaining('stdout') as string },
        { pointer: '?tail_bytes', detail: 'expected a number of bytes' },
        { pointer: '?follow', detail: expect.stringContaining('true') as string },
      ],
    ],
    [
      '/api/v1/containers/app/logs?tail_bytes=1048577',
      [{ pointer: '?tail_bytes', detail: expect.stringContaining('1048576') as string }],
    ],
  ])('of %s are refused', async (path, errors) => {
    const stage = await apiStage();
    expect((await stage.local('GET', path)).problem).toMatchObject({
      status: 422,
      code: 'ERR_LAUNCHER_REQUEST_INVALID',
      errors,
    });
  });
});
