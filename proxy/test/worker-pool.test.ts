// SPDX-License-Identifier: Apache-2.0
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, waitFor } from '@proofgate/daemon';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SYSTEM_CLOCK, type Clock } from '../src/clock.ts';
import { parsePrimaryMessage, parseWorkerMessage } from '../src/ipc/messages.ts';
import { WORKER_APPLY_TIMEOUT_MS, WorkerPool } from '../src/primary/worker-pool.ts';
import { TEST_WORKER_LIMITS } from './test-worker.ts';

// Each test forks processes, which takes long on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

let directory: string;
const nothing = (): void => undefined;
const quoter = { request: nothing, cancel: nothing, forget: nothing };
const metrics = { enter: nothing, leave: nothing, receive: nothing };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'proofgate-proxy-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function poolWith(program: string, count = 2, clock = SYSTEM_CLOCK): Promise<WorkerPool> {
  const entry = join(directory, 'worker.mjs');
  await writeFile(entry, program);
  return new WorkerPool({
    count,
    entry,
    settings: {
      listen: { host: '127.0.0.1', port: 1 },
      proxyProtocolFrom: [],
      limits: TEST_WORKER_LIMITS,
      ids: undefined,
      logLevel: 'silent',
      accessLogSample: 1,
    },
    quoter,
    metrics,
    clock,
    random: Math.random,
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
}

async function startWith(program: string): Promise<void> {
  const pool = await poolWith(program);
  try {
    await pool.start({ version: 1, hosts: [] });
  } finally {
    await pool.drain({ tunnelGraceMs: 0, deadlineMs: 0 });
    expect(pool.pids).toEqual([]);
  }
}

describe('a pool whose workers do not start', () => {
  it.each([
    ['end at once', 'process.exit(3)', /exited before it listened/],
    [
      'report why',
      "process.send({ kind: 'failed', code: 'ERR_X', message: 'broken' }); process.disconnect()",
      /ERR_X: broken/,
    ],
    ['send nonsense', "process.send({ kind: 'listening', port: 'many' })", /exited before/],
  ])('fails when they %s', async (_case, program, message) => {
    await expect(startWith(program)).rejects.toMatchObject({
      code: 'ERR_PROXY_WORKER_START',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('a pool that gets many snapshots at once', () => {
  it('sends a worker the last of them after the one that is on its way', async () => {
    const seen = join(directory, 'versions');
    await writeFile(seen, '');
    const pool = await poolWith(
      `import { appendFileSync } from 'node:fs';
       process.on('message', ({ kind, snapshot }) => {
         if (kind === 'configure') {
           process.send({ kind: 'unprivileged' });
           process.send({ kind: 'listening', port: 1 });
         } else if (kind === 'snapshot') {
           appendFileSync(${JSON.stringify(seen)}, snapshot.version + ' ');
         } else process.exit();
       });
       process.send({ kind: 'loaded' });`,
      1,
    );
    const versions = async (): Promise<string[]> =>
      (await readFile(seen, 'utf8')).trim().split(' ');
    try {
      await pool.start({ version: 0, hosts: [] });
      await waitFor(async () => (await versions()).includes('0'), { timeoutMs: 8_000 });
      for (let version = 1; version <= 100; version += 1) pool.publish({ version, hosts: [] });
      await waitFor(async () => (await versions()).includes('100'), { timeoutMs: 8_000 });
      expect(await versions()).toEqual(['0', '1', '100']);
    } finally {
      await pool.drain({ tunnelGraceMs: 0, deadlineMs: 1_000 });
    }
  });
});

describe('a pool with a worker that does not do what it is told', () => {
  it('replaces it', async () => {
    const hasty: Clock = {
      now: () => SYSTEM_CLOCK.now(),
      after: (ms, action) => SYSTEM_CLOCK.after(ms === WORKER_APPLY_TIMEOUT_MS ? 300 : ms, action),
    };
    const pool = await poolWith(
      `process.on('message', ({ kind }) => {
         if (kind === 'configure') {
           process.send({ kind: 'unprivileged' });
           process.send({ kind: 'listening', port: 1 });
         } else if (kind === 'drain') process.exit();
       });
       process.send({ kind: 'loaded' });`,
      1,
      hasty,
    );
    try {
      await pool.start({ version: 0, hosts: [] });
      const [deaf] = pool.pids;
      pool.publish({ version: 1, hosts: [] });
      await pool.applied(1);
      await waitFor(() => isGone(deaf!), { timeoutMs: 8_000 });
    } finally {
      await pool.drain({ tunnelGraceMs: 0, deadlineMs: 1_000 });
    }
  });
});

describe('a pool whose primary is killed', () => {
  it('ends with it', async () => {
    const built = (file: string): string => new URL(`../dist/${file}`, import.meta.url).href;
    const program = join(directory, 'primary.mjs');
    await writeFile(
      program,
      `import { WorkerPool } from '${built('primary/worker-pool.js')}';
       import { SYSTEM_CLOCK } from '${built('clock.js')}';
       const logger = { info() {}, error() {} };
       const settings = ${JSON.stringify({ listen: { host: '127.0.0.1', port: 0 }, limits: TEST_WORKER_LIMITS, logLevel: 'silent', accessLogSample: 1 })};
       const entry = new URL('${built('worker-main.js')}').pathname;
       const quoter = { request() {}, cancel() {}, forget() {} };
       const metrics = { enter() {}, leave() {}, receive() {} };
       const pool = new WorkerPool({ count: 2, entry, settings, quoter, metrics, clock: SYSTEM_CLOCK, random: Math.random, logger });
       await pool.start({ version: 1, hosts: [] });
       process.send(pool.pids);`,
    );
    const primary = fork(program, { execArgv: [] });
    const [pids] = (await once(primary, 'message')) as [number[]];
    expect(pids).toHaveLength(2);
    primary.kill('SIGKILL');
    for (const pid of pids) await waitFor(() => isGone(pid), { timeoutMs: 10_000 });
  });
});

/** Whether a process has ended; one that nobody has asked about counts as ended. */
async function isGone(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => 'State:\tZ');
  return /^State:\tZ/m.test(status);
}

describe('messages', () => {
  it.each([
    { kind: 'loaded' },
    { kind: 'unprivileged' },
    { kind: 'listening', port: 1 },
    { kind: 'failed', code: 'a', message: 'b' },
  ])('of a worker are read: $kind', (message) => {
    expect(parseWorkerMessage({ ...message, extra: 1 })).toEqual(message);
  });

  it.each([
    null,
    'loaded',
    {},
    { kind: 'drain' },
    { kind: 'listening' },
    { kind: 'failed', code: 1, message: '' },
  ])('of a worker are refused: %j', (message) => {
    expect(() => parseWorkerMessage(message)).toThrow(
      expect.objectContaining({ code: 'ERR_PROXY_IPC_MESSAGE' }),
    );
  });

  it('of the primary are read, and others refused', () => {
    const drain = { kind: 'drain', times: { tunnelGraceMs: 0, deadlineMs: 0 } };
    expect(parsePrimaryMessage(drain)).toBe(drain);
    expect(() => parsePrimaryMessage({ kind: 'loaded' })).toThrow(
      expect.objectContaining({ code: 'ERR_PROXY_IPC_MESSAGE' }),
    );
  });
});
