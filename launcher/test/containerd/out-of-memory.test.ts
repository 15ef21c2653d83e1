// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  endedOutOfMemory,
  OOM_EXPLAINS_MS,
  readOomKills,
  type EndOfContainer,
} from '../../src/containerd/out-of-memory.ts';

const NOW = 1_700_000_000_000;
const killed: EndOfContainer = {
  code: 137,
  endedAt: NOW,
  lastEvent: undefined,
  killedByUs: false,
  oomKills: 1,
};

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cgroup-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

test('believes an event shortly before the end, whatever the exit code', () => {
  const event = { ...killed, code: 3, killedByUs: true, oomKills: 0, lastEvent: NOW - 1 };
  expect(endedOutOfMemory(event)).toBe(true);
  expect(endedOutOfMemory({ ...event, lastEvent: NOW - OOM_EXPLAINS_MS })).toBe(true);
  expect(endedOutOfMemory({ ...event, lastEvent: NOW - OOM_EXPLAINS_MS - 1 })).toBe(false);
  // The times of the event and of the end come from two clocks.
  expect(endedOutOfMemory({ ...event, lastEvent: NOW + 5 })).toBe(true);
});

test('believes the counter for a SIGKILL that nobody sent', () => {
  expect(endedOutOfMemory(killed)).toBe(true);
  expect(endedOutOfMemory({ ...killed, oomKills: 0 })).toBe(false);
  expect(endedOutOfMemory({ ...killed, killedByUs: true })).toBe(false);
  expect(endedOutOfMemory({ ...killed, code: 1 })).toBe(false);
});

// As a kernel 6.18 shows it.
test('reads the counter of control groups of version 1', async () => {
  mkdirSync(join(root, 'memory/p/app'), { recursive: true });
  const text = 'oom_kill_disable 0\nunder_oom 0\noom_kill 12\n';
  writeFileSync(join(root, 'memory/p/app/memory.oom_control'), text);
  expect(await readOomKills('/p/app', root)).toBe(12);
});

// As Documentation/admin-guide/cgroup-v2.rst describes it.
test('reads the counter of control groups of version 2', async () => {
  mkdirSync(join(root, 'p/app'), { recursive: true });
  const text = 'low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\noom_group_kill 1\n';
  writeFileSync(join(root, 'p/app/memory.events'), text);
  expect(await readOomKills('/p/app', root)).toBe(2);
});

test('counts nothing where there is no such control group', async () => {
  expect(await readOomKills('/p/app', root)).toBe(0);
});
