// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@proofgate/daemon';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ContainerEngine } from '../../launcher/src/container/container-engine.ts';
import type { ContainerSpec } from '../../launcher/src/container/container-spec.ts';
import type { VerifiedImage } from '../../launcher/src/image/verified-image.ts';
import { memorySink, type MemorySink } from './support/memory-sink.ts';
import { containerdStage, type ContainerdStage } from './support/private-containerd.ts';
import { strictSpec } from './support/runc-bundle.ts';

const forever = new AbortController().signal;
const OUTPUT = { timeoutMs: 10_000, maxOutputBytes: 1_000 };

let stage: ContainerdStage;
let engine: ContainerEngine;
let image: VerifiedImage;
let count = 0;

beforeAll(async () => {
  stage = await containerdStage();
  engine = (await stage.open()).engine;
  image = await stage.image();
  await engine.unpack(image, { signal: forever, onProgress: () => undefined });
});

afterEach(async () => {
  for (const { id } of await engine.list()) await engine.remove(id);
});

afterAll(() => stage.close());

function shell(script: string, fields: Partial<ContainerSpec> = {}): ContainerSpec {
  count += 1;
  const id = `app-${String(count)}`;
  return strictSpec({ id, args: ['/bin/sh', '-c', script], labels: { 'a.b': 'c' }, ...fields });
}

async function started(script: string, fields: Partial<ContainerSpec> = {}, logs = memorySink()) {
  const spec = shell(script, fields);
  await engine.create(spec, image, logs);
  await engine.start(spec.id);
  return { id: spec.id, logs };
}

/** Waits for a line of output: the container then is where the test wants it. */
async function printed(logs: MemorySink, text: string): Promise<void> {
  await waitFor(() => logs.text('stdout').includes(text), { timeoutMs: 10_000, what: text });
}

test('tells its version', async () => {
  expect(await engine.version()).toMatch(/^\d+\.\d+/);
});

test('creates a process that has run nothing yet, runs it and delivers what it prints', async () => {
  const logs = memorySink();
  // Programs that log to a file are often given these two.
  const spec = shell('echo out >/dev/stdout; echo err >/dev/stderr; exit 7');
  const created = await engine.create(spec, image, logs);
  expect(created).toEqual({
    id: spec.id,
    labels: { 'a.b': 'c' },
    state: 'created',
    pid: expect.any(Number) as number,
  });
  expect(await readFile(`/proc/${String(created.pid)}/cmdline`, 'utf8')).toContain('runc');
  expect(await engine.inspect(spec.id)).toEqual(created);
  expect(logs.text('stdout')).toBe('');
  await engine.start(spec.id);
  expect(await engine.wait(spec.id, forever)).toEqual({ code: 7, outOfMemory: false });
  expect([logs.text('stdout'), logs.text('stderr')]).toEqual(['out\n', 'err\n']);
  expect(logs.closed).toBe(true);
  expect(await engine.inspect(spec.id)).toEqual({ ...created, state: 'stopped', pid: undefined });
});

test('starts, kills and removes again what was started, killed and removed already', async () => {
  const { id, logs } = await started('echo up; exec sleep 100');
  await printed(logs, 'up');
  await engine.start(id);
  expect((await engine.list()).map(({ state }) => state)).toEqual(['running']);
  await engine.kill(id, 9, true);
  expect(await engine.wait(id, forever)).toEqual({ code: 137, outOfMemory: false });
  await engine.kill(id, 9, true);
  await engine.remove(id);
  await engine.remove(id);
  await engine.kill(id, 9, true);
  expect(await engine.inspect(id)).toBeUndefined();
  expect(await engine.wait(id, forever)).toEqual({ code: undefined, outOfMemory: false });
});

test('passes a signal to the first process alone', async () => {
  const { id, logs } = await started('trap "exit 5" TERM; echo up; while :; do sleep 0.01; done');
  await printed(logs, 'up');
  await engine.kill(id, 15, false);
  expect(await engine.wait(id, forever)).toEqual({ code: 5, outOfMemory: false });
});

test('stops waiting when told', async () => {
  const { id } = await started('exec sleep 100');
  const stop = new AbortController();
  const waiting = engine.wait(id, stop.signal);
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});

test('leaves nothing of a container that is removed while it runs, of one that ended and of one never started', async () => {
  const running = await started('yes');
  const ended = await started('exit 0');
  await engine.wait(ended.id, forever);
  const fresh = shell('exit 0');
  await engine.create(fresh, image, memorySink());
  for (const id of [running.id, ended.id, fresh.id]) await engine.remove(id);
  await stage.expectNothingLeft();
  expect(running.logs.closed).toBe(true);
});

test('leaves nothing of a container that cannot be created', async () => {
  const logs = memorySink();
  const spec = shell('', { args: ['/no/such/program'] });
  await expect(engine.create(spec, image, logs)).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_REFUSED',
    message: expect.stringContaining('/no/such/program') as string,
  });
  expect(logs.closed).toBe(true);
  const missing = { ...image, layers: image.layers.map((layer) => ({ ...layer, chainId: 'no' })) };
  const refused = engine.create(shell('exit 0'), missing, memorySink());
  await expect(refused).rejects.toMatchObject({ code: 'ERR_LAUNCHER_ENGINE_REFUSED' });
  await stage.expectNothingLeft();
});

test('refuses a second container of the same name without touching the first', async () => {
  const { id, logs } = await started('echo up; exec sleep 100');
  await printed(logs, 'up');
  const second = memorySink();
  const again = engine.create(strictSpec({ id }), image, second);
  await expect(again).rejects.toMatchObject({ code: 'ERR_LAUNCHER_ENGINE_REFUSED' });
  expect([logs.closed, second.closed]).toEqual([false, true]);
  expect((await engine.inspect(id))?.state).toBe('running');
});

test('tells that a container ran out of memory', async () => {
  const limits = { memoryBytes: 16 * 2 ** 20, vcpus: 1, pids: 16, nofile: 64 };
  const { id } = await started('exec tail /dev/zero', { limits });
  expect(await engine.wait(id, forever)).toEqual({ code: 137, outOfMemory: true });
});

test('slows a container down that prints faster than it is read', async () => {
  let taken = 0;
  const slow = memorySink();
  slow.write = async (_, bytes) => {
    taken += bytes.length;
    await sleep(5);
  };
  const { id } = await started('head -c 3000000 /dev/zero; exec sleep 100', {}, slow);
  await waitFor(() => taken > 100_000, { timeoutMs: 10_000 });
  const { stdout } = await engine.exec(id, { argv: ['/bin/ps', '-o', 'comm'], ...OUTPUT });
  expect(Buffer.from(stdout).toString()).toContain('head');
  await waitFor(() => taken === 3_000_000, { timeoutMs: 10_000 });
});

test('keeps a container running whose output cannot be kept', async () => {
  const broken = memorySink();
  broken.write = () => Promise.reject(new Error('disk full'));
  const { id } = await started('head -c 3000000 /dev/zero; exit 4', {}, broken);
  expect(await engine.wait(id, forever)).toEqual({ code: 4, outOfMemory: false });
});

test('runs programs in a container, as its user and confined like it', async () => {
  const { id } = await started('exec sleep 100');
  const script =
    'id -u; grep -E "^(Seccomp|NoNewPrivs|CapBnd):" /proc/self/status; echo e >&2; exit 3';
  const result = await engine.exec(id, { argv: ['/bin/sh', '-c', script], ...OUTPUT });
  expect(result.code).toBe(3);
  expect(Buffer.from(result.stdout).toString()).toBe(
    '10001\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n',
  );
  expect(Buffer.from(result.stderr).toString()).toBe('e\n');
});

test('bounds the output and the time of a program in a container', async () => {
  const { id } = await started('exec sleep 100');
  const flood = { argv: ['/bin/sh', '-c', 'head -c 1000000 /dev/zero'], ...OUTPUT };
  expect((await engine.exec(id, flood)).stdout).toHaveLength(1_000);
  const endless = { argv: ['/bin/sh', '-c', 'echo begun; exec sleep 100'], ...OUTPUT };
  const late = await engine.exec(id, { ...endless, timeoutMs: 200 });
  expect([late.code, Buffer.from(late.stdout).toString()]).toEqual([undefined, 'begun\n']);
  const stop = AbortSignal.timeout(200);
  await expect(engine.exec(id, { ...endless, signal: stop })).rejects.toThrow('timeout');
  const missing = engine.exec(id, { argv: ['/no/such/program'], ...OUTPUT });
  await expect(missing).rejects.toMatchObject({ code: 'ERR_LAUNCHER_ENGINE_REFUSED' });
  const nowhere = engine.exec('nobody', { argv: ['/bin/true'], ...OUTPUT });
  await expect(nowhere).rejects.toMatchObject({ code: 'ERR_LAUNCHER_ENGINE_REFUSED' });
  const directory = `${stage.options.runDir}/containerd/io/${id}`;
  const pipes = ['main.err', 'main.out'];
  await waitFor(async () => (await readdir(directory)).length === 2, { timeoutMs: 5_000 });
  expect((await readdir(directory)).sort()).toEqual(pipes);
});

test('runs a container whose ids are unprivileged ones of the machine', async () => {
  const mounts = [
    { kind: 'tmpfs', target: '/some/where/else', sizeBytes: 4_096, mode: 0o777 },
  ] as const;
  const spec = shell('id -u; cat /proc/self/uid_map; touch /some/where/else/x', {
    userNamespaceBase: 200_000,
    mounts,
  });
  const logs = memorySink();
  const { pid } = await engine.create(spec, image, logs);
  expect(await readFile(`/proc/${String(pid)}/uid_map`, 'utf8')).toMatch(/^\s*0 +200000 +65536\n$/);
  await engine.start(spec.id);
  expect((await engine.wait(spec.id, forever)).code).toBe(0);
  expect(logs.text('stderr')).toBe('');
});

test('starts twenty at a time', async () => {
  const specs = Array.from({ length: 20 }, (_, at) => shell(`echo ${String(at)}; exec sleep 100`));
  const sinks = specs.map(() => memorySink());
  await Promise.all(
    specs.map(async (spec, at) => {
      await engine.create(spec, image, sinks[at]!);
      await engine.start(spec.id);
    }),
  );
  expect((await engine.list()).map(({ state }) => state)).toEqual(specs.map(() => 'running'));
  for (const [at, sink] of sinks.entries()) await printed(sink, `${String(at)}\n`);
  await Promise.all(specs.map(({ id }) => engine.remove(id)));
  await stage.expectNothingLeft();
});
