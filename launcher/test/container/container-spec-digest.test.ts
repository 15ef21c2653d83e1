// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { containerWorkload, PINNED_REFERENCE } from './container-fixtures.ts';
import { containerSpecDigest } from '../../src/container/container-spec-digest.ts';
import { describeOptOuts } from '../../src/container/describe-opt-outs.ts';

type Fields = Parameters<typeof containerWorkload>[0];

const FULL: Fields = {
  command: ['/bin/a', 'b'],
  env: { A: '1' },
  user: '1000:1001',
  working_dir: '/srv',
  resource_vcpus: 2,
  resource_memory_mb: 256,
  volumes: ['/var/lib/proofgate/volumes/a:/a:ro'],
  storage: '1GiB',
  devices: ['/dev/fuse'],
  secrets: [{ name: 'key', file: '/etc/key' }],
  config_api: { path: '/configure' },
  owners: ['someone'],
  extensions_path: '/extensions',
  health_check: { exec: ['/bin/check'] },
  isolation: {},
};

const digest = (fields: Fields): string => containerSpecDigest(containerWorkload(fields));

describe('the digest of a declared container', () => {
  test('is the same on every machine and in every version that reads it alike', () => {
    // Changing these values changes what every event log says about the same container.
    expect(digest({})).toBe('8e5c54960595027415e59cb93ce63664a7013c2a66a5620dd7dbfd3ecf1b2a84');
    expect(digest(FULL)).toBe('68daa5c2bbdfa33638e6f11fa3e538e6fdfdecc2b9161f0cc0b71af587b0bcc9');
  });

  test('says whether managers may run programs in it', () => {
    const workload = containerWorkload();
    expect(containerSpecDigest(workload, false)).toBe(digest({}));
    expect(containerSpecDigest(workload, true)).not.toBe(digest({}));
  });

  test('does not depend on how a default is written', () => {
    const written: Fields = {
      command: [],
      env: {},
      resource_vcpus: 1,
      resource_memory_mb: 1_024,
      isolation: { read_only_root: true, egress: 'none', tmp_size: '64MiB', image_labels: {} },
    };
    expect(digest(written)).toBe(digest({}));
  });

  const isolation = (fields: Readonly<Record<string, unknown>>): Fields => ({ isolation: fields });

  test.each<[string, Fields]>([
    ['name', { name: 'other' }],
    ['image', { image: PINNED_REFERENCE.replace('abab', 'cdcd') }],
    ['port', { port: 8_001 }],
    ['command', { command: ['/bin/a', 'c'] }],
    ['env', { env: { A: '2' } }],
    ['user', { user: '1000:1000' }],
    ['working_dir', { working_dir: '/' }],
    ['resource_vcpus', { resource_vcpus: 0 }],
    ['resource_memory_mb', { resource_memory_mb: 0 }],
    ['volumes', { volumes: ['/var/lib/proofgate/volumes/a:/a'] }],
    ['storage', { storage: '2GiB' }],
    ['devices', { devices: [] }],
    ['secrets', { secrets: [{ name: 'other', file: '/etc/key' }] }],
    ['where a secret is kept', { secrets: [{ name: 'key', file: '/elsewhere' }] }],
    ['clients', { clients: 'required', client_policy: { version: 1, tee: 'tdx' } }],
    ['config_api.path', { config_api: { path: '/other' } }],
    ['config_api.method', { config_api: { path: '/configure', method: 'PUT' } }],
    ['config_api.optional', { config_api: { path: '/configure', optional: true } }],
    ['owners', { owners: [] }],
    ['extensions_path', { extensions_path: '/other' }],
    ['health_check.exec', { health_check: { exec: ['/bin/other'] } }],
    ['read_only_root', isolation({ read_only_root: false })],
    ['no_new_privileges', isolation({ no_new_privileges: false })],
    ['seccomp', isolation({ seccomp: 'unconfined' })],
    ['capabilities', isolation({ capabilities: ['CAP_CHOWN'] })],
    ['allow_root', isolation({ allow_root: true })],
    ['user_namespace', isolation({ user_namespace: true })],
    ['masked_paths', isolation({ masked_paths: false })],
    ['egress', isolation({ egress: 'internet' })],
    ['init', isolation({ init: false })],
    ['tmp_size', isolation({ tmp_size: '1MiB' })],
    ['pids', isolation({ pids: 9 })],
    ['nofile', isolation({ nofile: 99 })],
    ['image_labels.volumes', isolation({ image_labels: { volumes: true } })],
    ['image_labels.devices', isolation({ image_labels: { devices: true } })],
  ])('changes with %s', (_name, fields) => {
    expect(digest({ ...FULL, ...fields })).not.toBe(digest(FULL));
  });

  test.each<[string, Fields]>([
    ['restarts', { restart: { policy: 'never' } }],
    ['how often it is checked', { health_check: { exec: ['/bin/check'], interval_seconds: 9 } }],
    ['who waits for whom', { depends_on: ['other'] }],
    ['the time it gets to end', { stop_grace: '1s' }],
    ['its public name', { hostname: 'other.example.com' }],
  ])('does not change with %s', (_name, fields) => {
    expect(digest({ ...FULL, ...fields })).toBe(digest(FULL));
  });

  test('refuses a variable that would not have the measured value', () => {
    expect(() => digest({ env: { PORT: '1' } })).toThrow(
      expect.objectContaining({ code: 'ERR_LAUNCHER_ENV_RESERVED' }) as Error,
    );
  });
});

describe('the opt-outs in words', () => {
  test('are none for the strictest container, and for a process', () => {
    expect(describeOptOuts(containerWorkload())).toEqual([]);
    const { isolation: _, ...process } = containerWorkload(FULL);
    expect(describeOptOuts(process)).toEqual([]);
    const strict = { user: '5:5', isolation: { user_namespace: true, pids: 9 } };
    expect(describeOptOuts(containerWorkload(strict))).toEqual([]);
  });

  test('tell whether managers may run programs in it', () => {
    expect(describeOptOuts(containerWorkload(), true)).toEqual([
      'runs what managers tell it to (platform.containers.exec)',
    ]);
  });

  test('are all there', () => {
    const everything = containerWorkload({
      ...FULL,
      resource_vcpus: 0,
      resource_memory_mb: 0,
      user: '0:0',
      isolation: {
        read_only_root: false,
        no_new_privileges: false,
        seccomp: 'unconfined',
        capabilities: ['CAP_CHOWN', 'CAP_FOWNER'],
        allow_root: true,
        masked_paths: false,
        egress: 'internet',
        init: false,
        image_labels: { volumes: true, devices: true },
      },
    });
    expect(describeOptOuts(everything)).toEqual([
      'can change its root file system (read_only_root: false)',
      'can gain privileges (no_new_privileges: false)',
      'can make every system call (seccomp: unconfined)',
      'has capabilities: CAP_CHOWN, CAP_FOWNER',
      'runs as root (allow_root: true)',
      'sees what the kernel says of the machine (masked_paths: false)',
      'can connect to the outside (egress: internet)',
      'runs without an init (init: false)',
      'has all memory of the VM (resource_memory_mb: 0)',
      'has all CPU time of the VM (resource_vcpus: 0)',
      'uses devices: /dev/fuse',
      'keeps files: /var/lib/proofgate/volumes/a:/a:ro',
      'gets the volume that its image asks for (image_labels.volumes)',
      'gets the devices that its image asks for (image_labels.devices)',
    ]);
  });

  test.each([
    [undefined, 'may run as root if its image says so (allow_root: true)'],
    ['5:5', 'may run as root (allow_root: true)'],
  ])('say who may be root: user %s', (user, phrase) => {
    const fields = user === undefined ? {} : { user };
    const workload = containerWorkload({ ...fields, isolation: { allow_root: true } });
    expect(describeOptOuts(workload)).toEqual([phrase]);
  });
});
