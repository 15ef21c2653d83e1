// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { sendUnaryData } from '@grpc/grpc-js';
import { createLogger } from '@proofgate/daemon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  findContainerd,
  type FindContainerdOptions,
} from '../../src/containerd/find-containerd.ts';
import { findProgram } from '../../src/containerd/find-program.ts';
import { fakeContainerd, type FakeContainerd } from './fake-containerd.ts';

let directory: string;
let options: FindContainerdOptions;
const fakes: FakeContainerd[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'find-'));
  for (const name of ['run', 'bin']) mkdirSync(join(directory, name));
  options = {
    socket: undefined,
    usualSocket: join(directory, 'usual'),
    dataDir: join(directory, 'data'),
    runDir: join(directory, 'run'),
    bootId: 'b'.repeat(32),
    programDirectories: [join(directory, 'bin')],
    logger: createLogger({ name: 'test', level: 'silent' }),
  };
});

afterEach(() => {
  for (const fake of fakes.splice(0)) fake.kill();
  rmSync(directory, { recursive: true });
});

async function listen(name: string): Promise<string> {
  const socket = join(directory, name);
  const Version = (_: unknown, answer: sendUnaryData<object>): void => {
    answer(null, { version: '1' });
  };
  fakes.push(await fakeContainerd(socket, { 'version.v1.Version': { Version } }));
  return socket;
}

function stopListening(): void {
  for (const fake of fakes.splice(0)) fake.kill();
}

/** For answers that do not come. */
const impatient = { answerTimeoutMs: 100 };

const isRoot = process.geteuid?.() === 0;

const unavailable = { code: 'ERR_LAUNCHER_ENGINE_UNAVAILABLE' };
const notInstalled = { code: 'ERR_LAUNCHER_RUNTIME_UNAVAILABLE' };

test('takes the one that the config names, or none', async () => {
  await listen('usual');
  const socket = await listen('named');
  const found = await findContainerd({ ...options, socket });
  expect(found).toEqual({ socket, own: undefined, reason: 'the config names it' });
  const wrong = findContainerd({
    ...options,
    ...impatient,
    socket: join(directory, 'wrong'),
  });
  await expect(wrong).rejects.toMatchObject({
    ...unavailable,
    message: expect.stringContaining(`${directory}/wrong`) as string,
  });
});

test('takes the one of the system when it runs', async () => {
  const socket = await listen('usual');
  expect(await findContainerd(options)).toEqual({
    socket,
    own: undefined,
    reason: 'it is running',
  });
});

test('waits for the one that was used before in this boot, instead of taking another', async () => {
  const socket = await listen('usual');
  await findContainerd(options);
  stopListening();
  const gone = findContainerd({ ...options, ...impatient });
  await expect(gone).rejects.toMatchObject(unavailable);
  await expect(findContainerd({ ...options, bootId: 'c'.repeat(32) })).rejects.toMatchObject(
    notInstalled,
  );
  await listen('usual');
  const found = await findContainerd(options);
  expect(found).toEqual({ socket, own: undefined, reason: 'it was used before in this boot' });
});

test.runIf(isRoot)('does not count what is no containerd for one', async () => {
  writeFileSync(options.usualSocket, '');
  await expect(findContainerd(options)).rejects.toMatchObject({
    ...notInstalled,
    message: 'containerd is not installed',
  });
});

test.runIf(isRoot)('shows why one of its own does not come up', async () => {
  const program = join(directory, 'bin/containerd');
  writeFileSync(program, '#!/bin/sh\necho "failed: $*" >&2\nexit 1\n');
  chmodSync(program, 0o755);
  await expect(findContainerd(options)).rejects.toMatchObject({
    ...unavailable,
    message: expect.stringContaining(`failed: --config ${directory}/run/config.toml`) as string,
  });
});

test('finds programs where the system has them, if they can be executed', async () => {
  const bin = join(directory, 'bin');
  writeFileSync(join(bin, 'tool'), '');
  await expect(findProgram('tool', [bin])).rejects.toMatchObject({ ...notInstalled, seen: 'none' });
  chmodSync(join(bin, 'tool'), 0o755);
  expect(await findProgram('tool', ['/no/such/directory', bin])).toBe(join(bin, 'tool'));
  expect(await findProgram('sh')).toMatch(/^\/(usr\/)?bin\/sh$/);
});
