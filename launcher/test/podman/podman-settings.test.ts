// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { podmanSettings, type PodmanPlaces } from '../../src/podman/podman-settings.ts';

const PLACES: PodmanPlaces = {
  directory: '/data/pg/podman',
  runDirectory: '/run/pg/podman',
  programs: { podman: '/usr/bin/podman', conmon: '/usr/bin/conmon', runtime: '/usr/sbin/runc' },
};

const directories: string[] = [];

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function textOf(places: PodmanPlaces, name: string): string {
  const { files } = podmanSettings(places, '/data/pg/podman/seccomp.json');
  return files.find(({ path }) => path.endsWith(`/${name}`))?.text ?? '';
}

test('nothing is kept outside of its two directories', () => {
  const { files, environment, socketPath } = podmanSettings(PLACES, '/data/pg/podman/seccomp.json');
  const own = [PLACES.directory, PLACES.runDirectory, '/usr/'];
  const paths = files.flatMap(({ path, text }) => [
    path,
    ...(text.match(/(?<=")\/[^"]*(?=")/g) ?? []),
  ]);
  expect(paths.length).toBeGreaterThan(12);
  expect(paths.filter((path) => !own.some((parent) => path.startsWith(parent)))).toEqual([]);
  expect(socketPath).toBe('/run/pg/podman/podman.sock');
  expect(Object.keys(environment).sort()).toEqual([
    'CONTAINERS_CONF',
    'CONTAINERS_REGISTRIES_CONF',
    'CONTAINERS_STORAGE_CONF',
    'HOME',
    'PATH',
    'TMPDIR',
  ]);
});

test('the settings are those that were measured to work', () => {
  const containers = textOf(PLACES, 'containers.conf');
  for (const line of [
    'cgroup_manager = "cgroupfs"',
    'events_logger = "none"',
    'lock_type = "file"',
    'runtime = "runc"',
    'runc = ["/usr/sbin/runc"]',
    'conmon_path = ["/data/pg/podman/conmon"]',
    'default_capabilities = []',
    'static_dir = "/data/pg/podman/libpod"',
    'tmp_dir = "/run/pg/podman/tmp"',
  ]) {
    expect(containers.split('\n')).toContain(line);
  }
  expect(textOf(PLACES, 'storage.conf')).toContain('graphroot = "/data/pg/podman/storage"');
});

test('what comes from a registry is not accepted', () => {
  const policy = JSON.parse(textOf(PLACES, 'policy.json')) as Record<string, unknown>;
  expect(policy['default']).toEqual([{ type: 'reject' }]);
  expect(Object.keys(policy['transports'] as object)).toEqual([
    'containers-storage',
    'oci-archive',
  ]);
});

test('other settings have another digest', () => {
  const { digest } = podmanSettings(PLACES, '/a');
  expect(podmanSettings(PLACES, '/a').digest).toBe(digest);
  expect(podmanSettings(PLACES, '/b').digest).not.toBe(digest);
  const programs = { ...PLACES.programs, podman: '/opt/podman' };
  expect(podmanSettings({ ...PLACES, programs }, '/a').digest).not.toBe(digest);
});

test('conmon is started in the directory of its container', () => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'conmon-')));
  directories.push(directory);
  const bundle = join(directory, 'a bundle');
  const conmon = join(directory, "it's conmon");
  mkdirSync(bundle);
  writeFileSync(conmon, '#!/bin/sh\npwd\nprintf "<%s>" "$@"\n');
  chmodSync(conmon, 0o700);
  const wrapper = join(directory, 'wrapper');
  const programs = { ...PLACES.programs, conmon };
  writeFileSync(wrapper, textOf({ ...PLACES, programs }, 'conmon'), { mode: 0o700 });
  const run = (...args: readonly string[]): string =>
    execFileSync(wrapper, args, { cwd: '/', encoding: 'utf8' });
  expect(run('-c', 'id', '-b', bundle, '--exit *')).toBe(
    `${bundle}\n<-c><id><-b><${bundle}><--exit *>`,
  );
  expect(run('--version')).toBe('/\n<--version>');
});
