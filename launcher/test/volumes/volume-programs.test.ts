// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { volumePrograms, type RunVolumeProgram } from '../../src/volumes/volume-programs.ts';

let directory: string;
let log: string;
let run: RunVolumeProgram;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'programs-'));
  log = join(directory, 'log');
  run = volumePrograms(log);
});

afterEach(() => rm(directory, { recursive: true }));

function shell(script: string, timeoutMs = 10_000, input?: Buffer): Promise<void> {
  const args = ['-c', script, directory];
  return run({ program: 'sh', args, timeoutMs, ...(input === undefined ? {} : { input }) });
}

test('gives a program its input and nothing of ours', async () => {
  process.env['PROOFGATE_SECRET'] = 'x';
  try {
    await shell('cat >"$0/input"; env >"$0/env"; pwd >"$0/cwd"', 10_000, Buffer.from('key'));
  } finally {
    delete process.env['PROOFGATE_SECRET'];
  }
  expect(await readFile(join(directory, 'input'), 'utf8')).toBe('key');
  expect(await readFile(join(directory, 'cwd'), 'utf8')).toBe('/\n');
  const names = (await readFile(join(directory, 'env'), 'utf8')).match(/^\w+(?==)/gm) ?? [];
  expect(
    names.filter((name) => !['PATH', 'LC_ALL', 'PWD', 'SHLVL', '_', 'OLDPWD'].includes(name)),
  ).toEqual([]);
});

test('tells how a program failed and what it said', async () => {
  await expect(shell('echo one; echo two >&2; exit 3')).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_VOLUME_FAILED',
    message: 'sh failed with 3: one; two',
  });
  await expect(shell('exit 1')).rejects.toThrow(/^sh failed with 1$/);
  await expect(shell('kill -9 $$')).rejects.toThrow(/^sh was ended by SIGKILL$/);
  await expect(
    run({ program: 'no-such-program', args: [], timeoutMs: 1_000 }),
  ).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_VOLUME_FAILED',
    message: expect.stringMatching(/^no-such-program cannot be run: .*ENOENT/) as string,
  });
});

test('ends a program that takes too long', async () => {
  await expect(shell('exec sleep 60', 100)).rejects.toThrow(/^sh was ended by SIGKILL$/);
});

test('a long complaint is cut, and the log is for its owner', async () => {
  await expect(shell('yes complaint | head -c 100000; exit 1')).rejects.toThrow(/^.{100,600}$/);
  expect((await stat(log)).mode & 0o777).toBe(0o600);
});

test('a program that does not read its input is judged by its end', async () => {
  await shell('exec true', 10_000, Buffer.alloc(1_000_000));
  await expect(shell('exec false', 10_000, Buffer.alloc(1_000_000))).rejects.toThrow(
    'failed with 1',
  );
});

test('does not wait for what a program leaves running', async () => {
  const started = performance.now();
  await shell('(while [ ! -e "$0/stop" ]; do sleep 0.05; done; echo ended) & echo begun');
  expect(performance.now() - started).toBeLessThan(5_000);
  expect(await readFile(log, 'utf8')).toBe('begun\n');
  await writeFile(join(directory, 'stop'), '');
  await expect.poll(() => readFile(log, 'utf8'), { timeout: 5_000 }).toBe('begun\nended\n');
});
