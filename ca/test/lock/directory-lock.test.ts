// SPDX-License-Identifier: Apache-2.0
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { caDirectory, emptyDirectory, withCa } from '../ca-directory.ts';
import { refusal } from '../pki.ts';
import { lockDirectory } from '../../src/operator/directory-lock.ts';
import { holderText, ownHolder } from '../../src/operator/lock-holder.ts';

const WORKER = fileURLToPath(new URL('lock-worker.mjs', import.meta.url));
const WORKERS = 5;
const ROUNDS = 60;
/** No process has this id on Linux: it is the first that is too large. */
const NO_PROCESS = 4_194_304;

const workers: ChildProcess[] = [];

beforeAll(async () => {
  workers.push(...Array.from({ length: WORKERS }, () => fork(WORKER, { execArgv: [] })));
  await Promise.all(workers.map((worker) => answer(worker)));
}, 30_000);

afterAll(async () => {
  await Promise.all(
    workers.map(async (worker) => {
      worker.disconnect();
      await once(worker, 'exit');
    }),
  );
});

async function answer(worker: ChildProcess): Promise<unknown> {
  const [message] = (await once(worker, 'message')) as [unknown];
  return message;
}

function ask(worker: ChildProcess, message: { readonly lock?: string }): Promise<unknown> {
  const answered = answer(worker);
  worker.send(message);
  return answered;
}

/** A lock as a process leaves it that is killed. */
function leaveBehind(directory: string, round: number, name = 'lock'): void {
  writeFileSync(join(directory, name), `${String(NO_PROCESS)} ${String(round)}\n`);
}

async function race(directory: string): Promise<void> {
  const answers = await Promise.all(workers.map((worker) => ask(worker, { lock: directory })));
  expect(answers.toSorted()).toEqual([
    ...Array.from({ length: WORKERS - 1 }, () => 'ERR_CA_LOCKED'),
    'held',
  ]);
  await Promise.all(workers.map((worker) => ask(worker, {})));
  expect(readdirSync(directory)).toEqual([]);
}

describe('a lock that a dead process has left', () => {
  it('goes to one of several processes that want it at once', { timeout: 60_000 }, async () => {
    const directory = emptyDirectory();
    for (let round = 0; round < ROUNDS; round += 1) {
      leaveBehind(directory, round);
      await race(directory);
    }
  });

  it('is taken over from one that died while it took over', { timeout: 60_000 }, async () => {
    const directory = emptyDirectory();
    for (let round = 0; round < 20; round += 1) {
      leaveBehind(directory, 1);
      leaveBehind(directory, 2, `lock.takeover-${String(NO_PROCESS)}-1`);
      leaveBehind(directory, 3, `lock.takeover-${String(NO_PROCESS)}-2`);
      await claim(directory);
    }
  });

  it('is not taken over while another process does it', async () => {
    const directory = emptyDirectory();
    leaveBehind(directory, 1);
    const guard = `lock.takeover-${String(NO_PROCESS)}-1`;
    writeFileSync(join(directory, guard), holderText(ownHolder()));
    await expect(lockDirectory(directory)).rejects.toEqual(refusal('ERR_CA_LOCKED'));
    expect(readdirSync(directory).toSorted()).toEqual(['lock', guard]);
  });

  it('may be empty', async () => {
    const directory = emptyDirectory();
    writeFileSync(join(directory, 'lock'), '');
    await claim(directory);
  });
});

describe('a lock', () => {
  it('of another process is left alone by who releases his own', async () => {
    const directory = emptyDirectory();
    const lock = await lockDirectory(directory);
    leaveBehind(directory, 1);
    await lock.release();
    expect(readFileSync(join(directory, 'lock'), 'utf8')).toBe(`${String(NO_PROCESS)} 1\n`);
  });

  it('is released once', async () => {
    const directory = emptyDirectory();
    const first = await lockDirectory(directory);
    await first.release();
    const second = await lockDirectory(directory);
    await first.release();
    await expect(lockDirectory(directory)).rejects.toEqual(refusal('ERR_CA_LOCKED'));
    await second.release();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('leaves what others need who wait for it, and removes what the dead have left', async () => {
    const directory = caDirectory();
    const { pid, startTime } = ownHolder();
    const living = [
      `lock.${String(pid)}-${String(startTime)}.aa.tmp`,
      `lock.takeover-${String(NO_PROCESS)}-7`,
    ];
    // Not written yet, and written.
    writeFileSync(join(directory, living[0] ?? ''), '');
    writeFileSync(join(directory, living[1] ?? ''), holderText({ pid, startTime }));
    const dead = [`lock.${String(NO_PROCESS)}-8.bb.tmp`, `lock.takeover-${String(NO_PROCESS)}-9`];
    writeFileSync(join(directory, dead[0] ?? ''), '');
    leaveBehind(directory, 10, dead[1]);
    await withCa(directory, () => Promise.resolve());
    for (const name of living) expect(existsSync(join(directory, name)), name).toBe(true);
    for (const name of dead) expect(existsSync(join(directory, name)), name).toBe(false);
  });
});

/** Takes a lock that has to be there for the taking, and gives it back. */
async function claim(directory: string): Promise<void> {
  const lock = await lockDirectory(directory);
  await lock.release();
  expect(readdirSync(directory)).toEqual([]);
}
