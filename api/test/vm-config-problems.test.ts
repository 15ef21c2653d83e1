// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { APP, IMAGE, MINIMAL, PLATFORM, WORKER } from './example-files.ts';
import { problemsOf } from './rule-cases.ts';

describe('vmConfigSchema', () => {
  test('tells problems of fields and of the whole file together', () => {
    const file = {
      version: 1,
      platform: { ...MINIMAL.platform, hostname: 'example.com', surprise: true },
      containers: [
        { name: 'a', image: IMAGE, port: 8000 },
        { name: 'a', image: 'app:latest', port: 8000 },
      ],
    };
    expect(problemsOf(file)).toEqual([
      'version: expected version: "1" (in quotes)',
      'platform: Unrecognized key: "surprise"',
      expect.stringMatching(/^containers\.1\.image: image "app:latest" is not pinned by digest/),
      'containers.1.name: name a is already taken by containers[0].name',
      'containers.1.port: port 8000 is already taken by containers[0].port',
    ]);
  });
});

test('a problem of a field does not hide one of the whole file', () => {
  const file = {
    ...MINIMAL,
    platform: { ...PLATFORM, tee: 'sgx' },
    containers: [
      { ...APP, image: 'latest', port: 8080 },
      { ...WORKER, name: 'app', runtime: 'vm' },
      7,
    ],
    routes: [{ hostname: 'app.m1.example.com', upstream: 'x' }],
  };
  expect(problemsOf(file).map((problem) => problem.split(': ')[0])).toEqual([
    'platform.tee',
    'containers.0.image',
    'containers.0.port',
    'containers.1.runtime',
    'containers.2',
    'routes.0.upstream',
    'containers.1.name',
    'routes.0.hostname',
  ]);
});
