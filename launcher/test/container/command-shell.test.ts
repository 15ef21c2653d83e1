// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { waitFor } from '@proofgate/daemon';
import { afterEach, expect, test } from 'vitest';
import { CommandShell, NOT_FOUND } from '../../src/container/command-shell.ts';

let shell = new CommandShell();

afterEach(() => {
  shell.close();
  shell = new CommandShell();
});

/** Process id of the shell that runs the commands. */
async function pidOf(): Promise<number> {
  const { output } = await shell.run({ program: 'sh', args: ['-c', 'echo $PPID'] });
  return Number(output);
}

test('runs programs with their arguments and input, as they are', async () => {
  const strange = `'a "b" $HOME \`id\` \\ \n ünï; exit 9`;
  expect(await shell.run({ program: 'printf', args: ['%s', strange] })).toEqual({
    status: 0,
    output: strange,
  });
  const input = `${strange}\nEOF\n`;
  expect(await shell.run({ program: 'cat', args: [], input })).toEqual({
    status: 0,
    output: input,
  });
  // What it says without an end of line is not lost, and neither is what it says of errors.
  const failing = { program: 'sh', args: ['-c', 'printf out; printf err >&2; exit 3'] };
  expect(await shell.run(failing)).toEqual({ status: 3, output: 'outerr' });
  expect(await shell.run({ program: 'cat', args: [] })).toEqual({ status: 0, output: '' });
});

test('says which program there is not', async () => {
  const { status, output } = await shell.run({ program: 'no-such-program', args: [] });
  expect(status).toBe(NOT_FOUND);
  expect(output).toContain('no-such-program');
});

test('runs one after the other in one shell, with an environment of its own', async () => {
  const words = ['one', 'two', 'three'];
  const all = words.map((word) => shell.run({ program: 'echo', args: [word] }));
  expect((await Promise.all(all)).map(({ output }) => output)).toEqual(
    words.map((word) => `${word}\n`),
  );
  expect(await pidOf()).toBe(await pidOf());
  const { output } = await shell.run({ program: 'env', args: [] });
  const names = output.split('\n').map((line) => line.split('=')[0]);
  expect(names.filter((name) => !['PATH', 'LC_ALL', 'PWD', '_', ''].includes(name!))).toEqual([]);
});

test('is replaced when it was killed, and ends when it is closed', async () => {
  const first = await pidOf();
  const under = shell.run({ program: 'sleep', args: ['100'] });
  process.kill(-first, 'SIGKILL');
  await expect(under).rejects.toThrow('has ended');
  const second = await pidOf();
  expect(second).not.toBe(first);
  shell.close();
  await waitFor(() => !alive(second), { timeoutMs: 10_000 });
});

test('a program that prints without end is killed, and the next one runs', async () => {
  const first = await pidOf();
  await expect(shell.run({ program: 'yes', args: [] })).rejects.toThrow('without end');
  await waitFor(() => !alive(first), { timeoutMs: 10_000 });
  expect(await shell.run({ program: 'echo', args: ['next'] })).toMatchObject({ output: 'next\n' });
});

/** A process that has ended and was not waited for yet is not. */
function alive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${String(pid)}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
