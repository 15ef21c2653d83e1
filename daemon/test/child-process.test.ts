// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { backoff, ChildProcess, waitFor, type ChildProcessOptions } from '@proofgate/daemon';
import { memoryLog, type MemoryLog } from './memory-log.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const WAIT = { timeoutMs: 10_000 };

interface Fixture {
  readonly child: ChildProcess;
  readonly log: MemoryLog;
  readonly directory: string;
  readonly out: () => string;
  readonly err: () => string;
}

/** A child that runs a script of Node with the directory as its argument, and is ready when `ready` is a file there. */
function fixture(script: string, options: Partial<ChildProcessOptions> = {}): Fixture {
  const directory = temporaryDirectory();
  const log = memoryLog();
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let [out, err] = ['', ''];
  stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const child = new ChildProcess({
    name: 'sample',
    command: process.execPath,
    args: [
      '-e',
      `const fs = require('fs'); const file = (name) => process.argv[1] + '/' + name; ${script}`,
      directory,
    ],
    env: { PATH: process.env['PATH'] },
    logger: log.logger,
    stdout,
    stderr,
    ready: async (signal) => {
      await waitFor(() => existsSync(join(directory, 'ready')), { ...WAIT, signal });
    },
    restartDelays: backoff({ initialMs: 1, maxMs: 1 }),
    ...options,
  });
  onTestFinished(() => child.stop('SIGKILL'));
  return { child, log, directory, out: () => out, err: () => err };
}

const READY = "fs.writeFileSync(file('ready'), ''); setInterval(() => {}, 1000);";

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('a supervised child', () => {
  test('starts, forwards its output, and stops on a signal', async () => {
    const { child, out, err } = fixture(`console.log('to out'); console.error('to err'); ${READY}`);
    await child.start();
    const { pid } = child;
    expect(isAlive(pid)).toBe(true);
    await waitFor(() => out() === 'to out\n' && err() === 'to err\n', WAIT);
    await child.stop();
    expect(isAlive(pid)).toBe(false);
  });

  test('has the environment and the arguments it was given, and nothing else', async () => {
    const { child, out } = fixture(`console.log(JSON.stringify(process.env)); ${READY}`, {
      env: { ONLY: 'this' },
    });
    await child.start();
    await waitFor(() => out().endsWith('\n'), WAIT);
    expect(JSON.parse(out())).toEqual({ ONLY: 'this' });
  });

  test('is started again when it ends by itself', async () => {
    const { child, directory, log } = fixture(
      `fs.appendFileSync(file('pids'), process.pid + '\\n'); if (fs.readFileSync(file('pids'), 'utf8').split('\\n').length < 5) { fs.writeFileSync(file('ready'), ''); setTimeout(() => process.exit(3), 50); } else { fs.writeFileSync(file('last'), ''); ${READY} }`,
    );
    await child.start();
    await waitFor(() => existsSync(join(directory, 'last')), WAIT);
    const pids = readFileSync(join(directory, 'pids'), 'utf8').trim().split('\n');
    expect(new Set(pids).size).toBe(4);
    await waitFor(() => String(child.pid) === pids.at(-1), WAIT);
    const ends = log.lines().filter(({ msg }) => msg === 'child ended by itself');
    expect(ends.map(({ exit }) => exit)).toContain('exit code 3');
  });

  test.each([
    ['starts its waits again once it was up for long enough', 0, true],
    ['waits longer as long as it never was', 3_600_000, false],
  ])('%s', async (_what, stableUptimeMs, isReset) => {
    const calls: string[] = [];
    const restartDelays = { next: () => calls.push('next'), reset: () => void calls.push('reset') };
    const script = "fs.writeFileSync(file('ready'), ''); setTimeout(() => process.exit(1), 50);";
    const { child } = fixture(script, { restartDelays, stableUptimeMs });
    await child.start();
    await waitFor(() => calls.filter((call) => call === 'next').length >= 2, WAIT);
    await child.stop();
    expect(calls.includes('reset')).toBe(isReset);
  });

  test('is not started again after a stop', async () => {
    const { child, directory } = fixture(`fs.appendFileSync(file('starts'), 'x'); ${READY}`);
    await child.start();
    await child.stop();
    await child.stop();
    expect(readFileSync(join(directory, 'starts'), 'utf8')).toBe('x');
    await expect(child.start()).rejects.toMatchObject({
      code: 'ERR_DAEMON_CHILD_STATE',
      family: 'misuse',
    });
  });

  test('is stopped while it waits for its next start', async () => {
    const restartDelays = backoff({ initialMs: 3_600_000, maxMs: 3_600_000 });
    const { child, log } = fixture(
      `fs.writeFileSync(file('ready'), ''); setTimeout(() => process.exit(1), 200);`,
      { restartDelays },
    );
    await child.start();
    await waitFor(() => log.text().includes('child ended by itself'), WAIT);
    await child.stop();
    expect(isAlive(child.pid)).toBe(false);
  });

  test('is killed when it does not stop in time', async () => {
    const { child, log } = fixture(
      `process.on('SIGTERM', () => fs.writeFileSync(file('asked'), '')); ${READY}`,
      { graceMs: 300 },
    );
    await child.start();
    const { pid } = child;
    await child.stop();
    expect(isAlive(pid)).toBe(false);
    expect(log.text()).toContain('child did not end in time: killing it');
  });

  test.each<
    [
      what: string,
      script: string,
      options: Partial<ChildProcessOptions>,
      code: string,
      message: RegExp,
    ]
  >([
    ['ends at once', 'process.exit(7)', {}, 'ERR_DAEMON_CHILD_EXITED', /exit code 7/],
    [
      'is killed',
      'process.kill(process.pid, "SIGKILL")',
      {},
      'ERR_DAEMON_CHILD_EXITED',
      /signal SIGKILL/,
    ],
    ['cannot be started', '', { command: '/does/not/exist' }, 'ERR_DAEMON_CHILD_EXITED', /ENOENT/],
    [
      'is not ready in time',
      'setInterval(() => {}, 1000)',
      { readyTimeoutMs: 200 },
      'ERR_DAEMON_CHILD_NOT_READY',
      /within 200 ms/,
    ],
  ])(
    'that %s makes the start fail and leaves nothing behind',
    async (_what, script, options, code, message) => {
      const { child } = fixture(script, options);
      await expect(child.start()).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message) as string,
      });
      expect(isAlive(child.pid)).toBe(false);
    },
  );

  test('whose probe is broken makes the start fail with the probe’s error', async () => {
    const { child } = fixture(READY, { ready: () => Promise.reject(new RangeError('probe')) });
    await expect(child.start()).rejects.toThrow(RangeError);
    expect(isAlive(child.pid)).toBe(false);
  });

  test('can be stopped while it starts', async () => {
    const { child, directory } = fixture(
      "fs.writeFileSync(file('up'), ''); setInterval(() => {}, 1000);",
    );
    const starting = child.start();
    await waitFor(() => existsSync(join(directory, 'up')), WAIT);
    const refused = expect(starting).rejects.toMatchObject({ code: 'ERR_DAEMON_CHILD_EXITED' });
    await child.stop();
    await refused;
    expect(isAlive(child.pid)).toBe(false);
  });

  test('cannot be started twice', async () => {
    const { child } = fixture(READY);
    await child.start();
    await expect(child.start()).rejects.toMatchObject({ code: 'ERR_DAEMON_CHILD_STATE' });
  });
});
