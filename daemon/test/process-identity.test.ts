// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { processIdentity } from '@proofgate/daemon';
import { temporaryDirectory } from './temporary-directory.ts';

const tail = `S 1 ${Array.from({ length: 17 }, (_, index) => String(index)).join(' ')} 12345 99 98`;

/** A directory like /proc with one process. */
function procDirectory(pid: number, stat: string): string {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, String(pid)));
  writeFileSync(join(directory, String(pid), 'stat'), stat);
  return directory;
}

describe('the start time of a process', () => {
  test.each([
    `42 (node) ${tail}`,
    `42 (a b) c) ${tail}`,
    `42 ((((()) ${tail}`,
    `42 (x) S 1 2 3) ${tail}`,
  ])('is field 22 of "%s"', (stat) => {
    expect(processIdentity(42, procDirectory(42, stat))).toEqual({ pid: 42, startTime: 12_345 });
  });

  test.each(['', '42', '42 (node) S 1', '42 node S', `42 (node) ${tail.replace('12345', 'x')}`])(
    'is not in "%s"',
    (stat) => {
      expect(processIdentity(42, procDirectory(42, stat))).toBeUndefined();
    },
  );
});

describe.runIf(process.platform === 'linux')('processIdentity', () => {
  test('is the same for the same process', () => {
    const identity = processIdentity(process.pid);
    expect(identity).toEqual({ pid: process.pid, startTime: expect.any(Number) as number });
    expect(processIdentity(process.pid)).toEqual(identity);
  });

  test('tells processes apart and is gone with them', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const mine = processIdentity(process.pid);
    expect(processIdentity(pid)?.startTime).toBeGreaterThan(mine?.startTime ?? Infinity);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(processIdentity(pid)).toBeUndefined();
  });
});
