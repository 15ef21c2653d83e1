// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { bundleHello } from '../../../tools/bundle-hello.mjs';

let directory: string;
let bundle: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  // Away from the repository, so that nothing resolves from its node_modules.
  directory = mkdtempSync(join(tmpdir(), 'hello-bundle-'));
  bundle = await bundleHello(join(directory, 'hello.mjs'));
});

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

function run(env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [bundle], { cwd: directory, env });
  children.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('stdout is a pipe');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return line;
}

test('runs as one file and stops on SIGTERM with status 0', async () => {
  const child = run({ PORT: '0', NAME: 'solo' });
  const url = (await firstLine(child)).replace(/^.* on /, '');
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await (await fetch(url)).text()).toContain('Hello from solo');
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  await once(socket, 'open');
  child.kill('SIGTERM');
  const [exit, close] = await Promise.all([once(child, 'exit'), once(socket, 'close')]);
  expect([exit[0], close[0]]).toEqual([0, 1001]);
});

test('refuses a port that is not one', async () => {
  const child = run({ PORT: '80a' });
  let message = '';
  child.stderr?.on('data', (chunk) => (message += String(chunk)));
  const [status] = (await once(child, 'close')) as [number];
  expect([status, message]).toEqual([
    1,
    'hello: PORT must be a number from 0 to 65535, got "80a"\n',
  ]);
});
