// SPDX-License-Identifier: Apache-2.0
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  makeMountPoint,
  rootDirectories,
  type RootDirectories,
} from '../../src/containerd/mount-points.ts';

let directory: string;
let root: RootDirectories;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'root-'));
  const paths = ['upper', 'top', 'bottom'].map((name) => join(directory, name));
  for (const path of paths) mkdirSync(path);
  const [upper = '', ...lowers] = paths;
  root = { upper, lowers };
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function inLayer(layer: 'top' | 'bottom', path: string, mode?: number): string {
  const full = join(directory, layer, path);
  mkdirSync(full, { recursive: true, mode });
  return full;
}

function inUpper(path: string): string {
  return join(root.upper, path);
}

test('makes what is missing, and parents that look like those of the image', async () => {
  inLayer('bottom', 'var/lib', 0o750);
  await makeMountPoint(root, { path: '/var/lib/app/data', kind: 'directory' });
  await makeMountPoint(root, { path: '/var/lib/app/config', kind: 'file' });
  expect(statSync(inUpper('var/lib')).mode & 0o777).toBe(0o750);
  expect(statSync(inUpper('var/lib/app/data')).isDirectory()).toBe(true);
  expect(statSync(inUpper('var/lib/app/config')).isFile()).toBe(true);
});

test('makes nothing where the image has something, in whatever layer', async () => {
  inLayer('bottom', 'proc');
  writeFileSync(join(inLayer('top', 'etc'), 'hosts'), '');
  await makeMountPoint(root, { path: '/proc', kind: 'directory' });
  await makeMountPoint(root, { path: '/etc/hosts', kind: 'file' });
  expect(readdirSync(root.upper)).toEqual([]);
});

test('follows no link of the image', async () => {
  symlinkSync(directory, join(directory, 'top', 'out'));
  await makeMountPoint(root, { path: '/out/escaped', kind: 'directory' });
  await makeMountPoint(root, { path: '/out', kind: 'directory' });
  expect(existsSync(join(directory, 'escaped'))).toBe(false);
  expect(readdirSync(root.upper)).toEqual([]);
});

test('follows no link where there is one directory alone', async () => {
  symlinkSync(directory, inUpper('out'));
  await makeMountPoint({ ...root, lowers: [] }, { path: '/out/escaped', kind: 'file' });
  expect(existsSync(join(directory, 'escaped'))).toBe(false);
  expect(lstatSync(inUpper('out')).isSymbolicLink()).toBe(true);
});

test('does not leave the root by dots', async () => {
  await makeMountPoint(root, { path: '/../.././here', kind: 'directory' });
  expect(readdirSync(root.upper)).toEqual(['here']);
});

test('is asked twice for the same', async () => {
  const point = { path: '/a/b', kind: 'file' } as const;
  await makeMountPoint(root, point);
  await makeMountPoint(root, point);
  expect(readdirSync(inUpper('a'))).toEqual(['b']);
});

test('knows the directories of overlay and native snapshots', () => {
  const options = [
    'index=off',
    'workdir=/s/3/work',
    'upperdir=/s/3/fs',
    'lowerdir=/s/2/fs:/s/1/fs',
  ];
  expect(rootDirectories([{ type: 'overlay', source: 'overlay', options }])).toEqual({
    upper: '/s/3/fs',
    lowers: ['/s/2/fs', '/s/1/fs'],
  });
  expect(rootDirectories([{ type: 'bind', source: '/s/3', options: ['rw', 'rbind'] }])).toEqual({
    upper: '/s/3',
    lowers: [],
  });
  expect(rootDirectories([{ type: 'ext4', source: '/dev/x', options: [] }])).toBeUndefined();
  expect(rootDirectories([])).toBeUndefined();
});
