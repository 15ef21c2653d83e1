// SPDX-License-Identifier: Apache-2.0
import {
  containerConfigSchema,
  declareContainer,
  placeContainer,
  vmConfigSchema,
} from '@proofgate/api';
import { describe, expect, test } from 'vitest';
import { APP, ENCLAVE_OS_MANIFEST, MINIMAL, PLATFORM, WORKER } from './example-files.ts';

const FILE = vmConfigSchema.parse({
  ...MINIMAL,
  platform: PLATFORM,
  containers: [APP, { ...APP, name: 'b', port: 8002, depends_on: ['app'] }],
  routes: [{ hostname: 'r.example.org', upstream: 'http://127.0.0.1:9000' }],
});

const container = (fields: object): ReturnType<typeof containerConfigSchema.parse> =>
  containerConfigSchema.parse({ ...APP, name: 'new', port: 8003, ...fields });

describe('a container that is loaded beside those of the file', () => {
  test('gets the host name that it would have in the file', () => {
    expect(placeContainer(FILE, container({}))).toMatchObject({
      container: { hostname: 'new.m1.example.com' },
      problems: [],
    });
    const named = placeContainer(FILE, container({ hostname: 'other.example.org' }));
    expect(named.container.hostname).toBe('other.example.org');
    expect(placeContainer(FILE, container({ internal: true })).container.hostname).toBeUndefined();
  });

  test('may take the place of one with the same name, port and host', () => {
    expect(placeContainer(FILE, container({ name: 'app', port: 8000 })).problems).toEqual([]);
  });

  test.each([
    ['port: port 8000 is already taken by containers[0].port', { port: 8000 }],
    ['hostname: hostname r.example.org is already taken by', { hostname: 'r.example.org' }],
    ['depends_on.0: there is no container c', { depends_on: ['c'] }],
    ['depends_on.0: each waits for the next', { name: 'app', port: 8000, depends_on: ['b'] }],
    ['b.depends_on.0: each waits', { name: 'app', port: 8000, depends_on: ['b'] }],
    ['user: uid 65530', { user: '65530:1' }],
  ])('is refused: %s', (problem, fields) => {
    expect(placeContainer(FILE, container(fields)).problems).toContainEqual(
      expect.stringContaining(problem),
    );
  });
});

describe('a container that is written down and read again', () => {
  test.each([
    ['as short as can be', APP],
    ['as a process', { ...WORKER, user: '1:2', working_dir: '/w' }],
    ['of Enclave OS', ENCLAVE_OS_MANIFEST.containers[0]],
    [
      'with everything',
      {
        ...APP,
        health_check: { exec: ['/check', 'x'], interval_seconds: 1.5 },
        restart: { policy: 'never', initial_delay: '1m', max_delay: 'PT2H' },
        isolation: { egress: 'internet', tmp_size: '1MiB', image_labels: { volumes: true } },
        secrets: [{ name: 's', file: '/s' }],
        config_api: { path: '/configure', method: 'put' },
        owners: ['o'],
        depends_on: ['b'],
        stop_grace: '1h',
        storage: '1GiB',
        user: '7:8',
        app_id: '00112233-4455-6677-8899-aabbccddeeff',
      },
    ],
  ])('is the same %s', (_which, declared) => {
    const read = containerConfigSchema.parse(declared);
    const written = JSON.stringify(declareContainer(read, PLATFORM));
    expect(containerConfigSchema.parse(JSON.parse(written))).toEqual(read);
  });

  test('keeps a host name of its own, and leaves out one that follows from the platform', () => {
    const { container: placed } = placeContainer(FILE, container({}));
    expect(declareContainer(placed, PLATFORM)).not.toHaveProperty('hostname');
    expect(declareContainer(placed, { hostname: 'example.org' })).toHaveProperty(
      'hostname',
      'new.m1.example.com',
    );
  });
});
