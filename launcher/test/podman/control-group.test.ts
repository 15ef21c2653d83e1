// SPDX-License-Identifier: Apache-2.0
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  memoryGroupIn,
  memoryGroupOf,
  oomKills,
  processesIn,
  removeControlGroup,
} from '../../src/podman/control-group.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cgroup-'));
});

afterEach(() => rm(directory, { recursive: true }));

test.each([
  ['version 1', '9:name=systemd:/s\n4:memory:/pg/c1\n0::/other\n', '/r/memory/pg/c1'],
  ['version 1 with controllers together', '4:cpuset,memory:/pg:c1\n', '/r/memory/pg:c1'],
  ['version 2', '0::/pg/c1\n', '/r/pg/c1'],
  ['neither', '1:cpu:/pg\n', undefined],
  ['nothing', '', undefined],
])('finds the memory group of %s', (_what, text, expected) => {
  expect(memoryGroupIn(text, '/r')).toBe(expected);
});

test('there is no group of a process that is not there', async () => {
  expect(await memoryGroupOf(2 ** 22 + 1)).toBeUndefined();
});

test.each([
  ['memory.events', 'low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 0\n', 2],
  ['memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n', 1],
  ['memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\n', undefined],
  ['other', 'oom_kill 1\n', undefined],
])('reads %s', async (name, text, expected) => {
  await writeFile(join(directory, name), text);
  expect(await oomKills(directory)).toBe(expected);
});

test('lists processes', async () => {
  await writeFile(join(directory, 'cgroup.procs'), '12\n345\n');
  expect(await processesIn(directory)).toEqual([12, 345]);
  expect(await processesIn(join(directory, 'none'))).toEqual([]);
});

test('removes a group in every hierarchy, and nothing beside it', async () => {
  for (const path of ['pids/pg/c1/conmon', 'memory/pg/c1', 'pg/c1/a/b', 'memory/pg/c2']) {
    await mkdir(join(directory, path), { recursive: true });
  }
  await removeControlGroup('/pg/c1', directory);
  for (const path of ['pids/pg/c1', 'memory/pg/c1', 'pg/c1']) {
    await expect(access(join(directory, path))).rejects.toThrow('ENOENT');
  }
  await access(join(directory, 'memory/pg/c2'));
  await access(join(directory, 'pg'));
  await removeControlGroup('/pg/c1', directory);
});
