// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, test, type OnTestFinishedHandler } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { freePort } from './support/free-port.ts';
import { processesWith, type StackProcess } from './support/processes.ts';

const DEMO = fileURLToPath(new URL('../../examples/demo/dist/main.js', import.meta.url));
const DEMO_TIMEOUT_MS = 50_000;

/** A demo under way. */
interface Demo {
  readonly ended: Promise<number | null>;
  output(): string;
  /** The directory that it made, as its output names it. */
  directory(): string;
  processes(): readonly StackProcess[];
  /** Ctrl-C: a terminal sends it to the whole process group. */
  interrupt(): void;
}

let demos = 0;

/** Starts the demo as `npm start` does; what is left of it is killed at the end of the test. */
function startDemo(
  onTestFinished: (end: OnTestFinishedHandler) => void,
  ...args: readonly string[]
): Demo {
  demos += 1;
  const mark = `demo-test-${String(process.pid)}-${String(demos)}.`;
  const child = spawn(process.execPath, [DEMO, ...args], {
    env: { ...process.env, PROOFGATE_SYSTEM_TEST: mark },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const directory = (): string => {
    const [found] = /\/\S*\/proofgate-demo-\w+/.exec(output) ?? [];
    return found ?? 'no directory in the output';
  };
  // The app's environment is its own, but its command line names the directory.
  const processes = (): readonly StackProcess[] => [
    ...processesWith(mark),
    ...processesWith(directory()),
  ];
  onTestFinished(() => {
    for (const { pid } of processes()) process.kill(pid, 'SIGKILL');
  });
  return {
    ended: once(child, 'close').then(([code]) => code as number | null),
    output: () => output,
    directory,
    processes,
    interrupt: () => process.kill(-child.pid!, 'SIGINT'),
  };
}

function expectNothingLeft(demo: Demo): void {
  expect(demo.directory()).toMatch(/^\//);
  expect(existsSync(demo.directory())).toBe(false);
  expect(demo.processes()).toEqual([]);
}

test('--once prints what was proved and ends with 0', async ({ onTestFinished }) => {
  const demo = startDemo(onTestFinished, '--once', '--port', String(await freePort()));
  expect(await demo.ended, demo.output()).toBe(0);
  for (const check of ['certificate', 'evidence', 'binding', 'eventLog', 'measurements']) {
    expect(demo.output()).toMatch(new RegExp(`^ +✔ +${check} `, 'mu'));
  }
  expect(demo.output()).toMatch(/workloads +hello=sha256:/u);
  expect(demo.output()).toContain('200 Hello from hello');
  expect(demo.output()).toContain('ACCEPTED under policy demo, on a SIMULATED platform');
  expectNothingLeft(demo);
});

test('says so when the port is in use', async ({ onTestFinished }) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo;
  const demo = startDemo(onTestFinished, '--once', '--port', String(port));
  expect(await demo.ended).toBe(20);
  expect(demo.output()).toContain(`port ${String(port)} is in use; choose another`);
});

test('serves beside another one until Ctrl-C, and leaves nothing', async ({ onTestFinished }) => {
  const demo = startDemo(onTestFinished, '--port', String(await freePort()));
  await waitFor(() => demo.output().includes('Serving until Ctrl-C.'), {
    timeoutMs: DEMO_TIMEOUT_MS,
    what: 'the demo that serves',
  });
  const second = startDemo(onTestFinished, '--once', '--port', String(await freePort()));
  expect(await second.ended, second.output()).toBe(0);
  expect(second.directory()).not.toBe(demo.directory());
  expectNothingLeft(second);

  expect(existsSync(demo.directory())).toBe(true);
  demo.interrupt();
  expect(await demo.ended, demo.output()).toBe(0);
  expectNothingLeft(demo);
});
