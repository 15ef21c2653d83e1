// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseVolumeKind } from '../../src/volumes/volume-kind.ts';

let root: string;
let programs: string;

const COMMON = ['fallocate', 'mkfs.ext4', 'mount', 'umount'];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kind-'));
  programs = join(root, 'bin');
  await mkdir(programs);
  for (const name of COMMON) await writeFile(join(programs, name), '', { mode: 0o755 });
});

afterEach(() => rm(root, { recursive: true }));

/** A character device of this name. */
async function device(path: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await symlink('/dev/null', join(root, path));
}

async function program(name: string): Promise<void> {
  await writeFile(join(programs, name), '', { mode: 0o755 });
}

function choose(): Promise<string> {
  return chooseVolumeKind({ root, programDirectories: [programs] });
}

test('the kernel where it can, gocryptfs where it cannot', async () => {
  await device('dev/loop-control');
  await device('dev/fuse');
  for (const name of ['gocryptfs', 'fusermount', 'cryptsetup']) await program(name);
  expect(await choose()).toBe('gocryptfs');
  await device('dev/mapper/control');
  expect(await choose()).toBe('luks2');
  await rm(join(programs, 'cryptsetup'));
  expect(await choose()).toBe('gocryptfs');
});

test('says all that is missing', async () => {
  await device('dev/loop-control');
  await program('gocryptfs');
  await mkdir(join(root, 'dev/mapper'));
  await writeFile(join(root, 'dev/mapper/control'), 'not a device');
  await expect(choose()).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_VOLUME_REFUSED',
    message:
      'storage cannot be encrypted on this machine: luks2 needs /dev/mapper/control and cryptsetup; ' +
      'gocryptfs needs /dev/fuse and fusermount',
  });
});
