// SPDX-License-Identifier: Apache-2.0
import { checkFields, loadRequestSchema, type ContainerConfig } from '@proofgate/api';
import { describe, expect, test } from 'vitest';

const IMAGE = `registry.example.com/app@sha256:${'12'.repeat(32)}`;
const MINIMAL = { name: 'app', image: IMAGE, port: 8000 };

function read(request: unknown): ContainerConfig {
  const outcome = checkFields(loadRequestSchema(request), request);
  if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.errors));
  return outcome.value;
}

function refusal(request: unknown): readonly string[] {
  const outcome = checkFields(loadRequestSchema(request), request);
  if (outcome.kind === 'accepted') throw new Error('accepted');
  return outcome.errors.map(({ pointer, detail }) => `${pointer} ${detail}`);
}

describe('a load request', () => {
  test('is the same in both forms where it has only what they share', () => {
    const shared = {
      ...MINIMAL,
      volumes: ['/var/lib/x:/x:ro'],
      command: ['/bin/app', '--listen'],
      internal: false,
      hostname: 'app.example.com',
      health_check: { http: 'http://localhost:8000/healthz' },
      storage: '1G',
      app_id: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      devices: ['/dev/fuse'],
      config_api: { method: 'put', path: '/configure' },
      owners: ['alice'],
      dependencies: { entries: [] },
      ingress_allowed_callers: { entries: [] },
    };
    expect(read({ ...shared, wait_ready: true })).toEqual(read(shared));
    expect(read(shared)).toMatchObject({
      storage: 2 ** 30,
      app_id: '6ba7b8109dad11d180b400c04fd430c8',
      config_api: { method: 'PUT', path: '/configure', optional: false },
    });
  });

  test('of Enclave OS has resources of its own, and otherwise the same defaults', () => {
    expect(read({ ...MINIMAL, resources: { vcpus: 2, memory_mb: 512 } })).toMatchObject({
      resource_vcpus: 2,
      resource_memory_mb: 512,
    });
    expect(read({ ...MINIMAL, resources: { vcpus: 0 } })).toMatchObject({ resource_vcpus: 0 });
    expect(read({ ...MINIMAL, resources: {} })).toEqual(read(MINIMAL));
  });

  test('of our own has everything that the config file has', () => {
    expect(
      read({
        ...MINIMAL,
        env: { A: '1' },
        isolation: { egress: 'internet' },
        secrets: [{ name: 'key', file: '/etc/app/key' }],
        resource_vcpus: 3,
        depends_on: ['db'],
      }),
    ).toMatchObject({ env: { A: '1' }, isolation: { egress: 'internet' }, resource_vcpus: 3 });
    expect(read({ name: 'a', runtime: 'process', command: ['/a'], port: 1 }).runtime).toBe(
      'process',
    );
  });

  test.each<[what: string, request: unknown, errors: readonly string[]]>([
    ['nothing', undefined, [' is missing']],
    ['a list', [], [' expected object']],
    ['text', '{}', [' expected object']],
    ['a member of each form', { ...MINIMAL, resources: {}, env: { A: '1' } }, ['/env is unknown']],
    [
      'resources in both ways',
      { ...MINIMAL, resources: { vcpus: 1 }, resource_vcpus: 1 },
      ['/resource_vcpus is unknown'],
    ],
    [
      'a key in a vault',
      { ...MINIMAL, key_handle: 'k' },
      ['/key_handle is not supported: volume keys in vaults'],
    ],
    [
      'other resources',
      { ...MINIMAL, resources: { vcpus: -1, gpus: 1 } },
      ['/resources/vcpus expected number to be >=0', '/resources/gpus is unknown'],
    ],
    ['a misspelt member', { ...MINIMAL, portt: 1 }, ['/portt is unknown']],
    ['a malformed app id', { ...MINIMAL, wait_ready: true, app_id: 'x' }, ['/app_id expected']],
    ['no image', { name: 'a', port: 1, resources: {} }, ['/image a container needs an image']],
    ['a member of a prototype', JSON.parse('{"__proto__":1}'), ['/name', '/port', '/image']],
  ])('with %s is refused', (_what, request, errors) => {
    const seen = refusal(request);
    for (const error of errors) {
      expect(
        seen.some((text) => text.startsWith(error)),
        `${error} in ${seen.join('\n')}`,
      ).toBe(true);
    }
  });

  test('tells at most a hundred errors', () => {
    const request = {
      ...MINIMAL,
      ...Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x${String(i)}`, 1])),
    };
    expect(refusal(request)).toHaveLength(100);
  });
});
