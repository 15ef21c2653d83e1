// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyOnFirstUseOfBoot } from '../../src/podman/first-use-of-boot.ts';

let parent: string;
let directory: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'boot-'));
  directory = join(parent, 'podman');
});

afterEach(() => rm(parent, { recursive: true }));

async function use(bootId: string): Promise<readonly string[]> {
  const { removed } = await emptyOnFirstUseOfBoot(directory, bootId);
  await removed;
  return (await readdir(directory)).sort();
}

test('files of this boot stay, files of another go', async () => {
  expect(await use('first')).toEqual(['boot-id']);
  await writeFile(join(directory, 'layer'), '');
  expect(await use('first')).toEqual(['boot-id', 'layer']);
  expect(await use('second')).toEqual(['boot-id']);
  expect(await readdir(parent)).toEqual(['podman']);
  expect((await stat(directory)).mode & 0o777).toBe(0o711);
});

test('a directory without a marker is not of this boot', async () => {
  await use('first');
  await writeFile(join(directory, 'layer'), '');
  await rm(join(directory, 'boot-id'));
  expect(await use('first')).toEqual(['boot-id']);
});

test('what an interrupted launcher put aside is removed', async () => {
  await use('first');
  await writeFile(join(parent, 'podman.discarded-0011'), '');
  await writeFile(join(parent, 'other.discarded-0011'), '');
  await use('first');
  expect((await readdir(parent)).sort()).toEqual(['other.discarded-0011', 'podman']);
});
