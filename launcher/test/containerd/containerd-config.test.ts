// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { containerdConfig } from '../../src/containerd/containerd-config.ts';

const paths = { root: '/d/root', state: '/r/state', socket: '/r/c.sock', opt: '/r/opt' };

test('names its own directories and nothing of the system', () => {
  const config = containerdConfig(paths);
  const lines = config.split('\n');
  expect(lines).toContain('version = 2');
  expect(lines).toContain('root = "/d/root"');
  expect(lines).toContain('state = "/r/state"');
  expect(lines).toContain('  address = "/r/c.sock"');
  expect(lines).toContain('  path = "/r/opt"');
  expect(config.match(/"\/[^"]*"/g)).toHaveLength(4);
});

test('turns off what opens a port, restarts by itself or needs devices', () => {
  const disabled = /^disabled_plugins = (\[.*\])$/m.exec(containerdConfig(paths))?.[1] ?? '[]';
  expect(JSON.parse(disabled)).toEqual([
    'io.containerd.grpc.v1.cri',
    'io.containerd.internal.v1.restart',
    'io.containerd.snapshotter.v1.aufs',
    'io.containerd.snapshotter.v1.btrfs',
    'io.containerd.snapshotter.v1.devmapper',
    'io.containerd.snapshotter.v1.zfs',
  ]);
});

test('keeps a path with special characters within its string', () => {
  const config = containerdConfig({ ...paths, root: '/a"\n[grpc]\\\u007f' });
  expect(config).toContain('root = "/a\\"\\n[grpc]\\\\\\u007f"\n');
});
