// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerConfig } from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { logPath } from '../src/logs/log-files.ts';
import { ProcessRuntime } from '../src/process/process-runtime.ts';
import { readProcess } from '../src/process/process-table.ts';
import type { ProcessInstance } from '../src/process/process-instance.ts';
import {
  isRoot,
  isRunning,
  OWN_USER,
  processWorkload,
  silentLogger,
  temporaryDirectory,
  writeProgram,
} from './fixtures.ts';

// Real processes on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const NODE = process.execPath;
const WITHIN = { timeoutMs: 10_000 };

interface Stage {
  readonly dir: string;
  readonly runtime: ProcessRuntime;
  program(source: string, name?: string): Promise<string>;
  start(workload: ContainerConfig): Promise<ProcessInstance>;
  output(stream?: 'stdout' | 'stderr', name?: string): Promise<string>;
}

async function stage(): Promise<Stage> {
  const dir = await temporaryDirectory();
  const logsDir = join(dir, 'logs');
  const runtime = new ProcessRuntime({ logsDir, own: OWN_USER, logger: silentLogger });
  return {
    dir,
    runtime,
    program: (source, name = 'program.mjs') => writeProgram(dir, name, source),
    start: async (workload) => {
      const instance = await runtime.start(await runtime.measure(workload));
      onTestFinished(async () => {
        await instance.stop(0);
      });
      return instance;
    },
    output: (stream = 'stdout', name = 'app') =>
      readFile(logPath(join(logsDir, name), stream), 'utf8').catch(() => ''),
  };
}

const STAY = 'setInterval(() => {}, 1000);';

describe('a process workload', () => {
  test('sees its own environment and nothing of ours', async () => {
    const { program, start, output } = await stage();
    const path = await program(`console.log(JSON.stringify(process.env)); ${STAY}`);
    process.env['LAUNCHER_SECRET'] = 'x';
    onTestFinished(() => {
      delete process.env['LAUNCHER_SECRET'];
    });
    await start(processWorkload({ command: [NODE, path], port: 8123, env: { A: '1', B: 'two' } }));
    await waitFor(async () => (await output()).includes('\n'), WITHIN);
    expect(JSON.parse(await output())).toEqual({
      A: '1',
      B: 'two',
      PORT: '8123',
      PROOFGATE_WORKLOAD: 'app',
      PROOFGATE_WORKLOAD_SOCKET: '/proc/self/fd/3/workload.sock',
    });
  });

  test('gets no descriptor of ours, leads its own session and starts where it is told', async () => {
    const { dir, program, start, output } = await stage();
    const path = await program(`
      import { readdirSync, readlinkSync } from 'node:fs';
      const files = [];
      for (const fd of readdirSync('/proc/self/fd').map(Number).sort((a, b) => a - b)) {
        try {
          const target = readlinkSync('/proc/self/fd/' + fd);
          // Node's own pipes and polls are not files; the directory listing itself is.
          if (/^(socket:|\\/(?!proc\\/))/.test(target)) files.push(target);
        } catch {}
      }
      console.log(JSON.stringify({ files, cwd: process.cwd(), argv: process.argv.slice(2) })); ${STAY}`);
    const { record } = await start(
      processWorkload({ command: [NODE, path, '$HOME; exit'], working_dir: dir }),
    );
    await waitFor(async () => (await output()).includes('\n'), WITHIN);
    const logs = join(dir, 'logs', 'app');
    expect(JSON.parse(await output())).toEqual({
      files: ['/dev/null', logPath(logs, 'stdout'), logPath(logs, 'stderr')],
      cwd: dir,
      argv: ['$HOME; exit'],
    });
    expect(await readProcess(record.pid)).toMatchObject({
      group: record.pid,
      session: record.pid,
      startTime: record.startTime,
    });
  });

  test.runIf(isRoot)('has a user of its own and no supplementary groups', async () => {
    const { program, start, output } = await stage();
    const path = await program(
      `console.log(JSON.stringify([process.getuid(), process.getgid(), process.getgroups()])); ${STAY}`,
    );
    const { record } = await start(processWorkload({ command: [NODE, path] }));
    await waitFor(async () => (await output()).includes('\n'), WITHIN);
    expect(record.ownUid).toBeGreaterThan(0);
    // getgroups(2) of Node adds the group itself.
    expect(JSON.parse(await output())).toEqual([record.ownUid, record.ownUid, [record.ownUid]]);
  });

  test.runIf(isRoot)('runs as the user that it asks for', async () => {
    const { program, start, output } = await stage();
    const path = await program(
      `console.log(process.getuid(), process.getgid(), process.getgroups()); ${STAY}`,
    );
    const { record } = await start(processWorkload({ command: [NODE, path], user: '4321:5432' }));
    await waitFor(async () => (await output()).includes('\n'), WITHIN);
    expect(await output()).toBe('4321 5432 [ 5432 ]\n');
    expect(record.ownUid).toBeUndefined();
  });

  test('tells how it ended', async () => {
    const { program, start, output } = await stage();
    const exit = await program('console.error("bye"); process.exit(7)', 'exit.mjs');
    const instance = await start(processWorkload({ command: [NODE, exit] }));
    expect(await instance.exited).toEqual({ kind: 'exited', code: 7 });
    expect(await output('stderr')).toBe('bye\n');

    const die = await program('process.kill(process.pid, "SIGKILL")', 'die.mjs');
    const killed = await start(processWorkload({ command: [NODE, die], name: 'other' }));
    expect(await killed.exited).toEqual({ kind: 'signalled', signal: 'SIGKILL' });
  });

  test('is not started when its program cannot be executed', async () => {
    const { program, start } = await stage();
    const path = await program('not executable');
    await expect(start(processWorkload({ command: [path] }))).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_START_FAILED',
      family: 'unavailable',
    });
    await expect(
      start(processWorkload({ command: [NODE, path], working_dir: '/nonexistent' })),
    ).rejects.toMatchObject({ code: 'ERR_LAUNCHER_START_FAILED' });
  });

  test('is not started when its program has changed since it was measured', async () => {
    const { runtime, program } = await stage();
    const path = await program(STAY);
    const measured = await runtime.measure(processWorkload({ command: [NODE, path] }));
    await writeFile(path, `${STAY} // changed`);
    await expect(runtime.start(measured)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_PROGRAM_CHANGED',
      expected: measured.imageDigest,
    });
  });
});

/** Waits for the pid that the program prints. */
async function childPid(output: Stage['output']): Promise<number> {
  await waitFor(async () => (await output()).includes('\n'), WITHIN);
  return Number(await output());
}

describe('stopping', () => {
  test('lets a program end by itself', async () => {
    const { program, start, output } = await stage();
    const path = await program(
      `process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); console.log('up'); ${STAY}`,
    );
    const instance = await start(processWorkload({ command: [NODE, path] }));
    await waitFor(async () => (await output()).includes('up'), WITHIN);
    expect(await instance.stop(10_000)).toEqual({ kind: 'exited', code: 0 });
    expect(await output()).toBe('up\nbye\n');
  });

  test('ends a program that ignores SIGTERM', async () => {
    const { program, start, output } = await stage();
    const path = await program(`process.on('SIGTERM', () => {}); console.log('up'); ${STAY}`);
    const instance = await start(processWorkload({ command: [NODE, path] }));
    await waitFor(async () => (await output()).includes('up'), WITHIN);
    expect(await instance.stop(100)).toEqual({ kind: 'signalled', signal: 'SIGKILL' });
    expect(await isRunning(instance.record.pid)).toBe(false);
  });

  /** A program whose child is in another process group and ignores SIGTERM; prints the child's pid. */
  const PARENT = (detached: boolean, exit: string): string => `
    import { spawn } from 'node:child_process';
    const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); console.log(process.pid); setInterval(() => {}, 1000)"],
      { detached: ${String(detached)}, stdio: ['ignore', 'inherit', 'inherit'] });
    child.unref();
    ${exit}`;

  test('leaves no child behind', async () => {
    const { program, start, output } = await stage();
    const path = await program(PARENT(false, STAY));
    const instance = await start(processWorkload({ command: [NODE, path] }));
    const child = await childPid(output);
    expect(await isRunning(child)).toBe(true);
    await instance.stop(100);
    expect(await isRunning(child)).toBe(false);
  });

  test('includes what a program leaves behind when it ends by itself', async () => {
    const { program, start, output } = await stage();
    const path = await program(PARENT(false, 'setTimeout(() => process.exit(3), 500)'));
    const instance = await start(processWorkload({ command: [NODE, path] }));
    const child = await childPid(output);
    expect(await instance.exited).toEqual({ kind: 'exited', code: 3 });
    expect(await isRunning(child)).toBe(false);
  });

  test.runIf(isRoot)('finds a daemon that has left its session', async () => {
    const { program, start, output } = await stage();
    const path = await program(PARENT(true, STAY));
    const instance = await start(processWorkload({ command: [NODE, path] }));
    const child = await childPid(output);
    expect((await readProcess(child))?.session).toBe(child);
    await instance.stop(100);
    expect(await isRunning(child)).toBe(false);
  });
});

describe('what an earlier launcher started', () => {
  test('is adopted by pid and start time, and watched', async () => {
    const { runtime, program, start } = await stage();
    const path = await program(STAY);
    const { record } = await start(processWorkload({ command: [NODE, path] }));
    const adopted = await runtime.adopt(record, undefined);
    expect(adopted?.record).toEqual(record);
    process.kill(record.pid, 'SIGKILL');
    expect(await adopted?.exited).toEqual({ kind: 'vanished' });
    expect(await runtime.adopt(record, undefined)).toBeUndefined();
  });

  test('is not confused with a later process of the same pid', async () => {
    const { runtime } = await stage();
    const stranger = spawn(NODE, ['-e', STAY], { stdio: 'ignore' });
    onTestFinished(() => {
      stranger.kill('SIGKILL');
    });
    await once(stranger, 'spawn');
    const entry = await readProcess(stranger.pid ?? 0);
    const earlier = {
      runtime: 'process',
      pid: stranger.pid ?? 0,
      startTime: (entry?.startTime ?? 0) - 1,
    } as const;
    expect(await runtime.adopt(earlier, undefined)).toBeUndefined();
    expect(await isRunning(earlier.pid)).toBe(true);
  });

  test('is found without a record by the log that it writes', async () => {
    const { runtime, program, start } = await stage();
    const path = await program(STAY);
    const { record } = await start(processWorkload({ command: [NODE, path] }));
    expect(await runtime.findStrays([{ workload: 'app', record }])).toEqual([]);
    const strays = await runtime.findStrays([]);
    expect(strays.map((stray) => stray.record.pid)).toEqual([record.pid]);
    await strays[0]?.stop(0);
    expect(await isRunning(record.pid)).toBe(false);
  });
});
