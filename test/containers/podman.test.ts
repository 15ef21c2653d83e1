// SPDX-License-Identifier: Apache-2.0
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import type { ContainerEngine } from '../../launcher/src/container/container-engine.ts';
import {
  CONTAINER_LABELS,
  type ContainerSpec,
} from '../../launcher/src/container/container-spec.ts';
import type { VerifiedImage } from '../../launcher/src/image/verified-image.ts';
import { memorySink, type MemorySink } from './support/memory-sink.ts';
import { APP_ID } from './support/oci-programs.ts';
import { podmanContainers, type PodmanContainers } from './support/podman-containers.ts';
import { OWNER, processesWith } from './support/private-podman.ts';

let containers: PodmanContainers;
let engine: ContainerEngine;
let image: VerifiedImage;
const forever = new AbortController().signal;

beforeAll(async () => {
  containers = await podmanContainers();
  ({ engine, image } = containers);
});

afterAll(() => containers.stage.close());

const sh = (script: string, fields: Partial<ContainerSpec> = {}): ContainerSpec =>
  containers.sh(script, fields);
const run = (spec: ContainerSpec): Promise<MemorySink> => containers.run(spec);

function shell(script: string) {
  return { argv: ['/bin/sh', '-c', script], timeoutMs: 10_000, maxOutputBytes: 10_000 };
}

test('tells its version', async () => {
  expect(await engine.version()).toMatch(/^4\.\d+\.\d+/);
});

test('runs a container to its end and delivers what it prints', async () => {
  const logs = memorySink();
  const spec = sh('echo out; echo err >&2; exit 7');
  const created = await engine.create(spec, image, logs);
  expect(created).toMatchObject({ id: spec.id, state: 'created' });
  expect(created.labels).toMatchObject({ [CONTAINER_LABELS.owner]: OWNER });
  expect(await engine.list()).toEqual([created]);
  await engine.start(spec.id);
  expect(await engine.wait(spec.id, forever)).toEqual({ code: 7, outOfMemory: false });
  expect(logs.text('stdout')).toBe('out\n');
  expect(logs.text('stderr')).toBe('err\n');
  expect(logs.closed).toBe(true);
  expect(await engine.inspect(spec.id)).toMatchObject({ state: 'stopped', pid: undefined });
  await engine.remove(spec.id);
  expect(await engine.inspect(spec.id)).toBeUndefined();
  expect(await engine.list()).toEqual([]);
});

test('a program is the one of the specification alone', async () => {
  const spec = { ...sh(''), args: ['/bin/true'] };
  await run(spec);
  expect(await engine.wait(spec.id, forever)).toEqual({ code: 0, outOfMemory: false });
  await engine.remove(spec.id);
});

test('a program that is not there is refused when the container is created, and nothing is left', async () => {
  const spec = { ...sh(''), args: ['/nope'] };
  await expect(engine.create(spec, image, memorySink())).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_REFUSED',
    message: expect.stringContaining('/nope') as string,
  });
  expect(await engine.list()).toEqual([]);
});

test.each([
  ['exit 0', 0],
  ['exit 255', 255],
  ['kill -TERM $$', 143],
])('the exit code of "%s" is %i', async (script, code) => {
  // As process 1 a shell would be spared its own signal.
  const spec = sh(`sh -c '${script}'; exit $?`);
  await run(spec);
  expect(await engine.wait(spec.id, forever)).toMatchObject({ code });
  await engine.remove(spec.id);
});

test('a signal reaches the first process, or all', async () => {
  const spec = sh('trap "echo caught; exit 5" TERM; echo up; while true; do sleep 0.05; done');
  const logs = await run(spec);
  await waitFor(() => logs.text('stdout') === 'up\n', { timeoutMs: 5_000 });
  await engine.kill(spec.id, 15, false);
  expect(await engine.wait(spec.id, forever)).toMatchObject({ code: 5 });
  expect(logs.text('stdout')).toBe('up\ncaught\n');
  await engine.kill(spec.id, 15, false);
  await engine.remove(spec.id);
  await engine.kill(spec.id, 9, true);

  const many = sh('trap "" TERM; (sleep 99; echo gone) & wait; echo end');
  const output = await run(many);
  await waitFor(async () => (await processesWith('sleep\u000099')).length > 0, {
    timeoutMs: 5_000,
  });
  await engine.kill(many.id, 10, true);
  expect(await engine.wait(many.id, forever)).toMatchObject({ code: 0 });
  expect(output.text('stdout')).toContain('end');
  await engine.remove(many.id);
});

test('a container that was never started can be ended', async () => {
  const spec = sh('echo never');
  const { pid } = await engine.create(spec, image, memorySink());
  await engine.kill(spec.id, 9, true);
  expect((await engine.wait(spec.id, forever)).outOfMemory).toBe(false);
  await engine.remove(spec.id);
  await expect(access(`/proc/${String(pid)}`)).rejects.toThrow();
});

test('tells when the kernel ended a process for want of memory', async () => {
  const limits = { memoryBytes: 32 * 2 ** 20, vcpus: undefined, pids: 64, nofile: 1_024 };
  const first = sh('exec tail /dev/zero', { limits });
  await run(first);
  expect(await engine.wait(first.id, forever)).toEqual({ code: 137, outOfMemory: true });
  await engine.remove(first.id);
  const child = sh('tail /dev/zero; exit 3', { limits });
  await run(child);
  expect(await engine.wait(child.id, forever)).toEqual({ code: 3, outOfMemory: true });
  await engine.remove(child.id);
  const killed = sh('sleep 100', { limits });
  await run(killed);
  await engine.kill(killed.id, 9, true);
  expect(await engine.wait(killed.id, forever)).toEqual({ code: 137, outOfMemory: false });
  await engine.remove(killed.id);
});

test('runs a program in a container', async () => {
  const spec = sh('exec sleep 100', { additionalGids: [10_002] });
  await run(spec);
  const result = await engine.exec(
    spec.id,
    shell('echo out; echo err >&2; cat /proc/self/status; exit 3'),
  );
  expect(result.code).toBe(3);
  expect(Buffer.from(result.stderr).toString()).toBe('err\n');
  const status = Buffer.from(result.stdout).toString();
  expect(status).toMatch(/^out\n/);
  for (const line of [
    `Uid:\t${String(APP_ID)}`,
    'Groups:\t10002',
    'NoNewPrivs:\t1',
    'Seccomp:\t2',
  ]) {
    expect(status).toContain(`\n${line}`);
  }
  expect(status).toMatch(/^CapBnd:\t0{16}$/m);

  const much = await engine.exec(spec.id, {
    ...shell('yes | head -c 1000000; echo end >&2'),
    maxOutputBytes: 1_000,
  });
  expect(much.code).toBe(0);
  expect(much.stdout.length).toBe(1_000);
  expect(Buffer.from(much.stderr).toString()).toBe('end\n');

  const late = await engine.exec(spec.id, { ...shell('echo begun; sleep 77'), timeoutMs: 500 });
  expect(late.code).toBeUndefined();
  expect(Buffer.from(late.stdout).toString()).toBe('begun\n');

  const signal = AbortSignal.timeout(300);
  await expect(engine.exec(spec.id, { ...shell('sleep 77'), signal })).rejects.toThrow(/timeout/);
  await waitFor(async () => (await processesWith('sleep 77')).length === 0, { timeoutMs: 5_000 });

  await expect(engine.exec('none', shell(''))).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_REFUSED',
  });
  const started = performance.now();
  await engine.remove(spec.id);
  expect(performance.now() - started).toBeLessThan(1_500);
});

test('a flood of output is bounded on disk and does not stop the container', async () => {
  const spec = sh(
    'yes 0123456789012345678901234567890123456789 | head -c 40000000; echo; echo last',
  );
  const logs = await run(spec);
  expect(await engine.wait(spec.id, forever)).toMatchObject({ code: 0 });
  expect(logs.text('stdout')).toMatch(/\nlast\n$/);
  await engine.remove(spec.id);
});

test('remove can be repeated, and leaves nothing', async () => {
  const before = await mountsBelow(containers.stage.directory);
  const spec = sh('sleep 100');
  await run(spec);
  await engine.exec(spec.id, shell('true'));
  const watchers = await processesWith('conmon');
  expect(watchers.length).toBeGreaterThan(0);
  expect(await controlGroups(spec.id)).toContain(
    `/sys/fs/cgroup/pids${containers.stage.options.cgroupParent}`,
  );
  await engine.remove(spec.id);
  await engine.remove(spec.id);
  await waitFor(async () => (await processesWith('conmon')).length === 0, { timeoutMs: 5_000 });
  expect(await controlGroups(spec.id)).toEqual([]);
  expect(await mountsBelow(containers.stage.directory)).toEqual(before);
  expect(await readdir(join(containers.stage.directory, 'podman/output'))).toEqual([]);
  expect(await readdir('/run/netns').catch(() => [])).toEqual([]);
  expect(await engine.list()).toEqual([]);
});

async function mountsBelow(directory: string): Promise<readonly string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return table.split('\n').filter((line) => line.includes(directory));
}

/** Parents of the control groups with this name, in every hierarchy. */
async function controlGroups(name: string): Promise<readonly string[]> {
  const root = '/sys/fs/cgroup';
  const trees = [root, ...(await readdir(root)).map((tree) => join(root, tree))];
  const parents = trees.map((tree) => join(tree, containers.stage.options.cgroupParent));
  const found: string[] = [];
  for (const parent of parents) {
    const names: readonly string[] = await readdir(parent).catch(() => []);
    if (names.includes(name)) found.push(parent);
  }
  return found;
}
