// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from '../run-lock.mjs';

let directory: string;
let lock: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'run-lock-'));
  lock = join(directory, 'lock');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const quiet = { onWait: () => undefined };

test('the second waits for the first, and hears about it', async () => {
  const order: string[] = [];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const first = withLock(lock, quiet, async () => {
    await held;
    order.push('first');
  });
  const onWait = (pid: number): void => {
    order.push(`wait for ${String(pid === process.pid)}`);
    release();
  };
  await Promise.all([first, withLock(lock, { onWait }, async () => void order.push('second'))]);
  expect(order).toEqual(['wait for true', 'first', 'second']);
});

test('a lock of a process that is gone is taken over', async () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(lock, String(pid));
  expect(await withLock(lock, quiet, async () => 'ran')).toBe('ran');
});

test('the lock is given back after a failure', async () => {
  const work = withLock(lock, quiet, () => Promise.reject(new Error('broken')));
  await expect(work).rejects.toThrow('broken');
  expect(existsSync(lock)).toBe(false);
});
