// SPDX-License-Identifier: Apache-2.0
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@proofgate/daemon';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { logPath, MAX_LOG_BYTES } from '../src/logs/log-files.ts';
import { ProcessRuntime } from '../src/process/process-runtime.ts';
import type { InstanceRecord } from '../src/supervision/runtime.ts';
import type { WorkloadState } from '../src/supervision/workload-status.ts';
import { SUPERVISION_TIMING } from '../src/supervision/supervision-timing.ts';
import { WorkloadSupervisor } from '../src/supervision/workload-supervisor.ts';
import {
  freePort,
  isRunning,
  OWN_USER,
  processWorkload,
  silentLogger,
  temporaryDirectory,
  writeProgram,
} from './fixtures.ts';

// Real processes on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const WITHIN = { timeoutMs: 15_000 };
const STAY = 'exec sleep 1000';

interface Stage {
  readonly dir: string;
  readonly runtime: ProcessRuntime;
  readonly script: string;
  readonly remembered: (InstanceRecord | undefined)[];
  supervise(fields?: Readonly<Record<string, unknown>>): Promise<WorkloadSupervisor>;
  lines(): Promise<readonly string[]>;
}

/** A stage with this program; a shell starts much faster than Node. */
async function stage(source: string, interpreter = '/bin/sh'): Promise<Stage> {
  const dir = await temporaryDirectory();
  const logsDir = join(dir, 'logs');
  const script = await writeProgram(dir, 'script.mjs', source);
  const runtime = new ProcessRuntime({ logsDir, own: OWN_USER, logger: silentLogger });
  const remembered: (InstanceRecord | undefined)[] = [];
  return {
    dir,
    runtime,
    script,
    remembered,
    supervise: async (fields = {}) => {
      const workload = processWorkload({ command: [interpreter, script], ...fields });
      const supervisor = new WorkloadSupervisor(await runtime.measure(workload), {
        runtime,
        logger: silentLogger,
        timing: { ...SUPERVISION_TIMING, maintainEveryMs: 50 },
        random: () => 0,
        remember: (record) => {
          remembered.push(record);
          return Promise.resolve();
        },
      });
      onTestFinished(() => supervisor.stop());
      return supervisor;
    },
    lines: async () =>
      (await readFile(logPath(join(logsDir, 'app'), 'stdout'), 'utf8').catch(() => ''))
        .trim()
        .split('\n'),
  };
}

async function reaches(supervisor: WorkloadSupervisor, state: WorkloadState): Promise<void> {
  await waitFor(() => supervisor.status().state === state, { ...WITHIN, what: state });
}

function pidOf(record: InstanceRecord | undefined): number {
  return record?.runtime === 'process' ? record.pid : 0;
}

describe('a workload that ends', () => {
  const CRASH = 'date +%s%3N; exit 3';

  test('is started again after pauses that grow', async () => {
    const { supervise, lines } = await stage(CRASH);
    const supervisor = await supervise({ restart: { initial_delay: '200ms' } });
    supervisor.start();
    await waitFor(() => supervisor.status().restarts >= 3, WITHIN);
    await waitFor(async () => (await lines()).length >= 4, WITHIN);
    const times = (await lines()).map(Number);
    const gaps = [1, 2, 3].map((index) => times[index]! - times[index - 1]!);
    expect(gaps[0]).toBeGreaterThanOrEqual(200);
    expect(gaps[1]).toBeGreaterThanOrEqual(400);
    expect(gaps[2]).toBeGreaterThanOrEqual(800);
    expect(supervisor.status().lastExit).toEqual({ kind: 'exited', code: 3 });
  });

  test('after a stable time is started again as if for the first time', async () => {
    const { supervise, lines } = await stage(CRASH);
    const supervisor = await supervise({
      restart: { initial_delay: '1ms', max_delay: '1h', reset_after: '0ms' },
    });
    supervisor.start();
    // Without the reset the pauses would add up to far more than the time that this test has.
    await waitFor(async () => (await lines()).length >= 12, WITHIN);
  });

  test.each([
    ['never', 0, 'stopped'],
    ['never', 3, 'failed'],
    ['on-failure', 0, 'stopped'],
  ] as const)('with policy %s and code %i is %s', async (policy, code, state) => {
    const { supervise, remembered } = await stage(`exit ${String(code)}`);
    const supervisor = await supervise({ restart: { policy } });
    supervisor.start();
    await reaches(supervisor, state);
    expect(supervisor.status()).toMatchObject({
      name: 'app',
      state,
      pid: undefined,
      restarts: 0,
      lastExit: { kind: 'exited', code },
    });
    expect(remembered).toEqual([expect.objectContaining({ runtime: 'process' }), undefined]);
    await supervisor.stop();
    expect(supervisor.status().state).toBe(state);
  });

  test('with policy on-failure and a failure is started again', async () => {
    const { supervise } = await stage(CRASH);
    const supervisor = await supervise({
      restart: { policy: 'on-failure', initial_delay: '1ms' },
    });
    supervisor.start();
    await waitFor(() => supervisor.status().restarts >= 2, WITHIN);
  });

  test('can be stopped while it waits for its restart', async () => {
    const { supervise, lines } = await stage(CRASH);
    const supervisor = await supervise({ restart: { initial_delay: '1h', max_delay: '1h' } });
    supervisor.start();
    await waitFor(() => supervisor.status().lastExit !== undefined, WITHIN);
    await reaches(supervisor, 'pending');
    await supervisor.stop();
    expect(supervisor.status().state).toBe('stopped');
    expect(await lines()).toHaveLength(1);
  });

  test('is not started again when its program has changed', async () => {
    const { supervise, script } = await stage(STAY);
    const supervisor = await supervise({ restart: { initial_delay: '1ms' } });
    supervisor.start();
    await reaches(supervisor, 'running');
    await writeFile(script, 'exit 0');
    process.kill(supervisor.status().pid!, 'SIGKILL');
    await reaches(supervisor, 'failed');
    expect(supervisor.status().lastExit).toMatchObject({
      kind: 'not-started',
      code: 'ERR_LAUNCHER_PROGRAM_CHANGED',
      final: true,
    });
  });

  test('that cannot be started is tried again', async () => {
    const { supervise } = await stage(STAY);
    const supervisor = await supervise({
      working_dir: '/nonexistent',
      restart: { initial_delay: '1ms' },
    });
    supervisor.start();
    await waitFor(() => supervisor.status().restarts >= 1, WITHIN);
    expect(supervisor.status().lastExit).toMatchObject({
      code: 'ERR_LAUNCHER_START_FAILED',
      final: false,
    });
  });
});

describe('health', () => {
  /** Serves the status that the file beside it holds. */
  const SERVER = `
    import { readFileSync } from 'node:fs';
    import { createServer } from 'node:http';
    createServer((request, response) => {
      response.writeHead(Number(readFileSync(new URL('status', import.meta.url), 'utf8'))).end();
    }).listen(Number(process.env.PORT), '127.0.0.1');`;

  test('is followed', async () => {
    const { dir, supervise } = await stage(SERVER, process.execPath);
    const port = await freePort();
    const answer = (status: number): Promise<void> =>
      writeFile(join(dir, 'status'), String(status));
    await answer(200);
    const supervisor = await supervise({
      port,
      health_check: {
        http: `http://127.0.0.1:${String(port)}/`,
        interval_seconds: 0.1,
        retries: 2,
      },
    });
    supervisor.start();
    await reaches(supervisor, 'healthy');
    const { pid } = supervisor.status();
    await answer(500);
    await reaches(supervisor, 'unhealthy');
    await answer(204);
    await reaches(supervisor, 'healthy');
    expect(supervisor.status()).toMatchObject({ pid, restarts: 0 });
  });

  test('that does not come in time ends the workload', async () => {
    const { supervise } = await stage(STAY);
    const port = await freePort();
    const supervisor = await supervise({
      port,
      restart: { policy: 'never' },
      health_check: { tcp: `127.0.0.1:${String(port)}`, readiness_timeout_seconds: 0.5 },
    });
    supervisor.start();
    const { pid } = await waitFor(() => {
      const status = supervisor.status();
      return status.pid === undefined ? undefined : status;
    }, WITHIN);
    await reaches(supervisor, 'failed');
    expect(supervisor.status().lastExit).toEqual({ kind: 'not-ready', afterMs: 500 });
    expect(await isRunning(pid!)).toBe(false);
  });

  test('that comes in time does not', async () => {
    const { dir, supervise } = await stage(SERVER, process.execPath);
    const port = await freePort();
    await writeFile(join(dir, 'status'), '200');
    const supervisor = await supervise({
      port,
      restart: { policy: 'never' },
      health_check: { tcp: `127.0.0.1:${String(port)}`, readiness_timeout_seconds: 10 },
    });
    supervisor.start();
    await reaches(supervisor, 'healthy');
  });
});

describe('stopping', () => {
  test('ends the process and forgets it', async () => {
    const { supervise, remembered } = await stage(STAY);
    const supervisor = await supervise();
    supervisor.start();
    await reaches(supervisor, 'running');
    const pid = supervisor.status().pid!;
    await supervisor.stop();
    expect(await isRunning(pid)).toBe(false);
    expect(supervisor.status()).toMatchObject({
      state: 'stopped',
      pid: undefined,
      lastExit: { kind: 'signalled', signal: 'SIGTERM' },
    });
    expect(remembered.at(-1)).toBeUndefined();
  });

  test('before the start keeps it from starting', async () => {
    const { supervise, remembered } = await stage(STAY);
    const supervisor = await supervise();
    await supervisor.stop();
    supervisor.start();
    await supervisor.stop();
    expect(supervisor.status().state).toBe('stopped');
    expect(remembered).toEqual([]);
  });

  test('while it is being started ends it', async () => {
    const { supervise, remembered } = await stage(STAY);
    const supervisor = await supervise();
    supervisor.start();
    expect(supervisor.status().state).toBe('starting');
    await supervisor.stop();
    expect(supervisor.status().state).toBe('stopped');
    expect(await isRunning(pidOf(remembered[0]))).toBe(false);
  });
});

test('a workload that writes without end does not fill the disk', async () => {
  const { dir, supervise } = await stage(`head -c ${String(MAX_LOG_BYTES + 1)} /dev/zero; ${STAY}`);
  const supervisor = await supervise();
  supervisor.start();
  const log = logPath(join(dir, 'logs', 'app'), 'stdout');
  const older = await waitFor(() => stat(`${log}.1`).catch(() => undefined), WITHIN);
  expect(older.size).toBeLessThanOrEqual(2 * MAX_LOG_BYTES);
  expect((await stat(log)).size).toBeLessThan(MAX_LOG_BYTES);
});

test('an adopted process is watched, and replaced when it ends', async () => {
  const { runtime, supervise } = await stage(STAY);
  const supervisor = await supervise({ restart: { initial_delay: '1ms' } });
  const earlier = await runtime.start(supervisor.measured);
  supervisor.start(await runtime.adopt(earlier.record, supervisor.measured));
  await reaches(supervisor, 'running');
  expect(supervisor.status()).toMatchObject({ pid: earlier.record.pid, restarts: 0 });
  process.kill(earlier.record.pid, 'SIGKILL');
  await waitFor(() => supervisor.status().restarts === 1, WITHIN);
  await reaches(supervisor, 'running');
  expect(supervisor.status().lastExit).toEqual({ kind: 'vanished' });
  expect(supervisor.status().pid).not.toBe(earlier.record.pid);
});
