// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { waitFor } from '@proofgate/daemon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ContainerEngine } from '../../launcher/src/container/container-engine.ts';
import type { VerifiedImage } from '../../launcher/src/image/verified-image.ts';
import { memorySink } from './support/memory-sink.ts';
import { containerdStage, type ContainerdStage } from './support/private-containerd.ts';
import { strictSpec } from './support/runc-bundle.ts';

const forever = new AbortController().signal;

let stage: ContainerdStage;
let engine: ContainerEngine;
let image: VerifiedImage;

beforeEach(async () => {
  stage = await containerdStage();
  engine = (await stage.open()).engine;
  image = await stage.image();
  await engine.unpack(image, { signal: forever, onProgress: () => undefined });
});

afterEach(() => stage.close());

async function started(id: string, script: string, logs = memorySink()) {
  await engine.create(strictSpec({ id, args: ['/bin/sh', '-c', script] }), image, logs);
  await engine.start(id);
  await waitFor(() => logs.text('stdout') !== '', { timeoutMs: 10_000 });
  return logs;
}

async function containerd(): Promise<number> {
  const found = await stage.processes('containerd/config.toml');
  expect(found).toHaveLength(1);
  return found[0]!;
}

/** Ends containerd as the kernel would, and waits until another one is there. */
async function killContainerd(): Promise<void> {
  const killed = await containerd();
  process.kill(killed, 'SIGKILL');
  await replaced(killed);
}

async function replaced(killed: number): Promise<void> {
  await waitFor(
    async () => {
      const found = await stage.processes('containerd/config.toml');
      return found.length === 1 && found[0] !== killed;
    },
    { timeoutMs: 20_000, what: 'another containerd' },
  );
}

async function pidOf(id: string): Promise<number | undefined> {
  return (await engine.inspect(id))?.pid;
}

function execs(id: string, script: string) {
  const argv = ['/bin/sh', '-c', script];
  return engine.exec(id, { argv, timeoutMs: 10_000, maxOutputBytes: 1_000 });
}

test('goes on when containerd is killed: the container runs, its end is reported, its output arrives', async () => {
  const logs = await started(
    'survivor',
    'echo up; while ! [ -e /tmp/go ]; do sleep 0.01; done; echo on; exit 9',
  );
  const pid = await pidOf('survivor');
  const ended = engine.wait('survivor', forever);
  await killContainerd();
  expect(await pidOf('survivor')).toBe(pid);
  expect((await execs('survivor', 'touch /tmp/go')).code).toBe(0);
  expect(await ended).toEqual({ code: 9, outOfMemory: false });
  expect(logs.text('stdout')).toBe('up\non\n');
  await engine.remove('survivor');
  expect(await engine.list()).toEqual([]);
});

test('reports how a container ended while containerd was down, also for want of memory', async () => {
  await started('short', 'echo up; sleep 0.3; exit 6');
  const limits = { memoryBytes: 16 * 2 ** 20, vcpus: 1, pids: 16, nofile: 64 };
  const script = 'echo up; sleep 0.3; exec tail /dev/zero';
  const spec = strictSpec({ id: 'greedy', args: ['/bin/sh', '-c', script], limits });
  await engine.create(spec, image, memorySink());
  await engine.start('greedy');
  const pids = [await pidOf('short'), await pidOf('greedy')];
  const ends = [engine.wait('short', forever), engine.wait('greedy', forever)];
  // Stopped, so that it is not brought back at once.
  process.kill(await containerd(), 'SIGSTOP');
  await waitFor(() => pids.every((pid) => !existsSync(`/proc/${String(pid)}`)), {
    timeoutMs: 10_000,
  });
  await killContainerd();
  expect(await Promise.all(ends)).toEqual([
    { code: 6, outOfMemory: false },
    { code: 137, outOfMemory: true },
  ]);
});

test('leaves nothing of what was being made or removed when containerd was killed', async () => {
  for (const delay of [5, 15, 30, 50, 80]) {
    const victim = await containerd();
    setTimeout(() => {
      process.kill(victim, 'SIGKILL');
    }, delay);
    const ids = [1, 2, 3, 4].map((number) => `app-${String(delay)}-${String(number)}`);
    const made = ids.map(async (id) => {
      await engine.create(strictSpec({ id, args: ['/bin/sleep', '100'] }), image, memorySink());
      await engine.start(id);
      await engine.remove(id);
    });
    // Whether an attempt got through before the kill is a matter of luck.
    await Promise.allSettled(made);
    await replaced(victim);
    // As a launcher does that finds containers which it does not want.
    for (const { id } of await engine.list()) await engine.remove(id);
  }
  await stage.expectNothingLeft();
  await started('after', 'echo up; exec sleep 100');
});

test('tells that a container has gone whose shim was killed, and removes it', async () => {
  await started('orphan', 'echo up; exec sleep 100');
  const ended = engine.wait('orphan', forever);
  const [shim = 0] = await stage.processes('-id orphan');
  process.kill(shim, 'SIGKILL');
  expect((await ended).code).not.toBe(0);
  await engine.remove('orphan');
  await stage.expectNothingLeft();
});

test('hands containers over to another launcher without losing a byte of their output', async () => {
  const count = 'while [ $i -lt $end ]; do echo line $i; i=$((i+1)); done';
  const pause = 'until [ -e /tmp/go ]; do sleep 0.01; done';
  const script = `i=0; end=20000; ${count}; ${pause}; end=40000; ${count}; exit 3`;
  const first = await started('writer', script);
  await engine.close();
  const second = memorySink();
  engine = (await stage.open()).engine;
  expect(await engine.list()).toMatchObject([{ id: 'writer', state: 'running' }]);
  await engine.attachLogs('writer', second);
  await execs('writer', 'touch /tmp/go');
  expect(await engine.wait('writer', forever)).toEqual({ code: 3, outOfMemory: false });
  const text = first.text('stdout') + second.text('stdout');
  const lines = Array.from({ length: 40_000 }, (_, at) => `line ${String(at)}\n`);
  expect(text === lines.join('')).toBe(true);
  expect([first.closed, second.closed]).toEqual([true, true]);
  expect(second.text('stdout').length).toBeGreaterThan(0);
});

test('takes over what ended, and removes what nobody reads the output of', async () => {
  await started('ended', 'echo up; exit 4');
  await engine.wait('ended', forever);
  await started('flooded', 'yes');
  await engine.close();
  engine = (await stage.open()).engine;
  const logs = memorySink();
  await engine.attachLogs('ended', logs);
  expect(logs.closed).toBe(true);
  expect(await engine.wait('ended', forever)).toEqual({ code: 4, outOfMemory: false });
  const began = performance.now();
  await engine.remove('flooded');
  expect(performance.now() - began).toBeLessThan(5_000);
});

test('keeps containerd running when the engine is closed, and containers when containerd is ended', async () => {
  await started('kept', 'echo up; exec sleep 100');
  const before = await containerd();
  const pid = await pidOf('kept');
  await engine.close();
  const second = await stage.open();
  expect(second.isPrivate).toBe(true);
  expect(await containerd()).toBe(before);
  await second.shutDown();
  expect(await stage.processes('containerd/config.toml')).toEqual([]);
  engine = (await stage.open()).engine;
  expect(await containerd()).not.toBe(before);
  expect(await pidOf('kept')).toBe(pid);
});

test('forgets images from before the machine was started', async () => {
  expect(await engine.images()).toEqual([image.pin]);
  await engine.close();
  await (await stage.open()).shutDown();
  const rebooted = await stage.open({ bootId: 'c'.repeat(32) });
  engine = rebooted.engine;
  expect(await engine.images()).toEqual([]);
  expect(await stage.ctr('snapshots', 'ls')).not.toContain('Committed');
  const refused = engine.create(strictSpec({ id: 'early' }), image, memorySink());
  await expect(refused).rejects.toMatchObject({ code: 'ERR_LAUNCHER_ENGINE_REFUSED' });
});

test('cleans up what an interrupted launcher left behind', async () => {
  await engine.close();
  await stage.ctr('leases', 'create', '--id', 'left', '--expires', '1h');
  await mkdir(`${stage.options.runDir}/containerd/io/left`);
  engine = (await stage.open()).engine;
  expect(await stage.ctr('leases', 'ls', '-q')).toBe('');
  expect(await readdir(`${stage.options.runDir}/containerd/io`)).toEqual([]);
  expect(await engine.images()).toEqual([image.pin]);
});

test('uses a containerd that runs already, apart from what others have in it', async () => {
  const other = await containerdStage({
    owner: 'ffffffff',
    usualSocket: `${stage.options.runDir}/containerd/containerd.sock`,
  });
  try {
    const opened = await other.open();
    expect(opened).toMatchObject({ isPrivate: false, reason: 'it is running' });
    expect(await opened.engine.images()).toEqual([]);
    await started('mine', 'echo up; exec sleep 100');
    expect(await opened.engine.list()).toEqual([]);
    await opened.engine.unpack(image, { signal: forever, onProgress: () => undefined });
    await engine.removeImage(image.pin);
    expect(await opened.engine.images()).toEqual([image.pin]);
  } finally {
    await other.close();
  }
  expect((await engine.inspect('mine'))?.state).toBe('running');
});
