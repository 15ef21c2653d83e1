// SPDX-License-Identifier: Apache-2.0
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import type { ContainerEngine } from '../../launcher/src/container/container-engine.ts';
import type { ContainerSpec } from '../../launcher/src/container/container-spec.ts';
import type { VerifiedImage } from '../../launcher/src/image/verified-image.ts';
import { openPodman } from '../../launcher/src/podman/open-podman.ts';
import { memorySink } from './support/memory-sink.ts';
import { podmanStage, processesWith, type PodmanStage } from './support/private-podman.ts';
import { strictSpec } from './support/runc-bundle.ts';

let stage: PodmanStage;
let engine: ContainerEngine;
let image: VerifiedImage;

const forever = new AbortController().signal;
const within = { timeoutMs: 10_000 };

beforeAll(async () => {
  stage = await podmanStage();
  ({ engine } = await stage.open());
  image = await stage.image();
  await engine.unpack(image, { signal: forever, onProgress: () => undefined });
});

beforeEach(async () => {
  ({ engine } = await stage.open());
});

afterEach(async () => {
  const { engine: last } = await stage.open();
  for (const { id } of await last.list()) await last.remove(id);
});

afterAll(() => stage.close());

function sh(script: string): ContainerSpec {
  return strictSpec({ id: 'c-1', args: ['/bin/sh', '-c', script] });
}

/** Counts from 1, one line each twentieth of a second, until a signal asks for the end. */
const COUNTER = 'trap "exit 6" TERM; n=0; while true; do n=$((n+1)); echo $n; sleep 0.05; done';

async function servicePid(): Promise<number> {
  const [pid] = await processesWith('system\0service');
  return pid!;
}

function linesOf(text: string): readonly number[] {
  return text.trimEnd().split('\n').map(Number);
}

test('a container outlives the service, and is waited for and heard all the time', async () => {
  const logs = memorySink();
  const spec = sh(COUNTER);
  const { pid } = await engine.create(spec, image, logs);
  await engine.start(spec.id);
  const exit = engine.wait(spec.id, forever);
  await waitFor(() => logs.text('stdout').includes('3\n'), within);
  const first = await servicePid();
  process.kill(first, 'SIGKILL');
  const heard = logs.text('stdout').length;
  await waitFor(() => logs.text('stdout').length > heard + 10, within);
  // The next call starts another service.
  expect(await engine.inspect(spec.id)).toMatchObject({ state: 'running', pid });
  expect(await servicePid()).not.toBe(first);
  process.kill(await servicePid(), 'SIGKILL');
  process.kill(pid!, 'SIGTERM');
  expect(await exit).toEqual({ code: 6, outOfMemory: false });
  const lines = linesOf(logs.text('stdout'));
  expect(lines).toEqual(lines.map((_line, at) => at + 1));
});

test('several calls that find no service start one', async () => {
  process.kill(await servicePid(), 'SIGKILL');
  await waitFor(async () => (await processesWith('system\0service')).length === 0, within);
  await Promise.all([engine.list(), engine.images(), engine.version(), engine.list()]);
  expect((await processesWith('system\0service')).length).toBe(1);
});

test('another launcher finds the service and the container, and goes on with its output', async () => {
  const first = memorySink();
  const spec = sh(COUNTER);
  await engine.create(spec, image, first);
  await engine.start(spec.id);
  await waitFor(() => first.text('stdout').includes('3\n'), within);
  const service = await servicePid();
  // In a session of its own: it does not hear what ends the launcher.
  expect((await readFile(`/proc/${String(service)}/stat`, 'utf8')).split(' ')[5]).toBe(
    String(service),
  );
  await engine.close();
  const [before] = [linesOf(first.text('stdout')).length];
  await waitFor(async () => (await loggedLines(spec.id)) > before + 3, within);

  const { engine: second } = await stage.open();
  expect(await servicePid()).toBe(service);
  const [found] = await second.list();
  expect(found).toMatchObject({ id: spec.id, state: 'running' });
  const logs = memorySink();
  await second.attachLogs(spec.id, logs);
  await waitFor(() => logs.text('stdout').split('\n').length > 5, within);
  await second.kill(spec.id, 15, false);
  expect(await second.wait(spec.id, forever)).toEqual({ code: 6, outOfMemory: false });
  const lines = linesOf(first.text('stdout') + logs.text('stdout'));
  expect(lines).toEqual(lines.map((_line, at) => at + 1));
  await second.remove(spec.id);
});

test('how a container ended while nobody looked is known later', async () => {
  const spec = sh('sleep 0.2; echo late; exit 9');
  const { pid } = await engine.create(spec, image, memorySink());
  await engine.start(spec.id);
  await engine.close();
  process.kill(await servicePid(), 'SIGKILL');
  await waitFor(async () => !(await isThere(pid!)), within);
  const { engine: second } = await stage.open();
  const logs = memorySink();
  await second.attachLogs(spec.id, logs);
  expect(await second.wait(spec.id, forever)).toEqual({ code: 9, outOfMemory: false });
  expect(logs.text('stdout')).toBe('late\n');
  await second.remove(spec.id);
});

test('a container whose watcher was killed ends without a code, and can be removed', async () => {
  const spec = sh('exec sleep 100');
  const { pid } = await engine.create(spec, image, memorySink());
  await engine.start(spec.id);
  for (const conmon of await processesWith('conmon\0')) process.kill(conmon, 'SIGKILL');
  process.kill(pid!, 'SIGKILL');
  expect(await engine.wait(spec.id, forever)).toEqual({ code: undefined, outOfMemory: false });
  await engine.remove(spec.id);
  expect(await engine.list()).toEqual([]);
});

test('waiting can be given up', async () => {
  const spec = sh('exec sleep 100');
  await engine.create(spec, image, memorySink());
  await engine.start(spec.id);
  const reason = new Error('enough');
  const giveUp = new AbortController();
  const exit = engine.wait(spec.id, giveUp.signal);
  giveUp.abort(reason);
  await expect(exit).rejects.toMatchObject({ name: 'AbortError' });
  expect(await engine.inspect(spec.id)).toMatchObject({ state: 'running' });
});

test('a service with other settings is replaced; its containers run on', async () => {
  const spec = sh('exec sleep 100');
  const { pid } = await engine.create(spec, image, memorySink());
  await engine.start(spec.id);
  const service = await servicePid();
  await rm(join(stage.options.runDir, 'podman/settings'));
  const { engine: second } = await stage.open();
  expect(await servicePid()).not.toBe(service);
  expect(await second.list()).toMatchObject([{ id: spec.id, state: 'running', pid }]);
});

test('a running service is used as it is', async () => {
  const socket = join(stage.options.runDir, 'podman/podman.sock');
  const shared = await openPodman({ ...stage.options, owner: 'ffffffff', socket });
  expect(shared).toMatchObject({ isPrivate: false, socket });
  expect(shared.engine.features).toMatchObject({ oomReports: false, checkedBeforeStart: true });
  expect(await shared.engine.images()).toEqual([]);
  await shared.shutDown();
  expect(await engine.images()).toEqual([image.pin]);
});

test('says what is missing', async () => {
  const socket = join(stage.directory, 'none.sock');
  await expect(openPodman({ ...stage.options, socket })).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_ENGINE_UNAVAILABLE',
  });
  await expect(
    openPodman({ ...stage.options, programDirectories: [stage.directory] }),
  ).rejects.toMatchObject({ code: 'ERR_LAUNCHER_RUNTIME_UNAVAILABLE' });
});

test('after a restart of the machine nothing of before is used', async () => {
  expect(await engine.images()).toEqual([image.pin]);
  const { shutDown } = await stage.open();
  await shutDown();
  const rebooted = await openPodman({ ...stage.options, bootId: 'c'.repeat(32) });
  expect(await rebooted.engine.images()).toEqual([]);
  await rebooted.shutDown();
  await stage.open();
});

async function loggedLines(id: string): Promise<number> {
  const log = await readFile(join(stage.directory, 'podman/output', id, 'log'), 'utf8');
  return log.split('\n').length - 1;
}

async function isThere(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) [ZX] /.test(stat);
}
