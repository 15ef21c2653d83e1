// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { containerConfigSchema, type ContainerConfig } from '@proofgate/api';
import { createLogger, waitFor } from '@proofgate/daemon';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ContainerEngine } from '../../launcher/src/container/container-engine.ts';
import { ContainerPreparation } from '../../launcher/src/container/container-preparation.ts';
import type { ContainerSpec } from '../../launcher/src/container/container-spec.ts';
import { findInitProgram } from '../../launcher/src/container/init-program.ts';
import { ContainerNetwork } from '../../launcher/src/container/network/container-network.ts';
import { ContainerRuntime } from '../../launcher/src/container-runtime/container-runtime.ts';
import { measureContainer } from '../../launcher/src/container-runtime/measure-container.ts';
import { StorageVolumes } from '../../launcher/src/container-runtime/storage-volumes.ts';
import { ImageStore } from '../../launcher/src/image/image-store.ts';
import { RingLogs } from '../../launcher/src/logs/ring-logs.ts';
import { kernelObjects } from './support/leftovers.ts';
import { busyboxImage } from './support/oci-programs.ts';
import { OciRegistry } from './support/oci-registry.ts';
import { containerdStage, type ContainerdStage } from './support/private-containerd.ts';

const OWNER = '0a1b2c3d';
const SIGNAL = new AbortController().signal;
const logger = createLogger({ name: 'test', level: 'silent' });

let stage: ContainerdStage;
let engine: ContainerEngine;
let registry: OciRegistry;
let store: ImageStore;
let network: ContainerNetwork;
let runDir: string;
let reference: string;

beforeAll(async () => {
  stage = await containerdStage();
  ({ engine } = await stage.open());
  registry = await OciRegistry.listen();
  reference = registry.add('app', busyboxImage({ run: { Cmd: ['/bin/sleep', '1000'] } }));
  store = await ImageStore.open({
    directory: join(stage.directory, 'images'),
    registries: [],
    logger,
  });
  const addresses = networkInterfaces;
  network = await ContainerNetwork.open(
    { owner: OWNER, network: '10.92.0.0/16', addresses, logger },
    [],
  );
  runDir = await mkdtemp('/run/pg-rt-');
  // What the first start begins and later ones use as well is no leftover of those.
  const runtime = await runtimeOver();
  const measured = measureContainer(workload(), false);
  await runtime.prepare(measured, { signal: SIGNAL, onProgress: () => undefined });
  await (await runtime.start(measured)).stop(0);
  await runtime.release(measured);
});

afterEach(async () => {
  for (const { id } of await engine.list()) await engine.remove(id);
});

afterAll(async () => {
  await network.removeAll();
  await store.close();
  await registry.close();
  await stage.close();
  await rm(runDir, { recursive: true, force: true });
});

/** A runtime over the real engine, or over one that does not do what it is told. */
async function runtimeOver(changed: Partial<ContainerEngine> = {}): Promise<ContainerRuntime> {
  const dataDir = join(stage.directory, 'data');
  await mkdir(join(dataDir, 'logs'), { recursive: true });
  return new ContainerRuntime({
    engine: engineWith(changed),
    ...{ store, network, logger, owner: OWNER, runDir },
    execAllowed: false,
    random: () => 0,
    preparation: new ContainerPreparation({
      ...{ dataDir, runDir, owner: OWNER, maxOpenFiles: 20_000 },
      init: await findInitProgram(),
    }),
    storage: new StorageVolumes({ owner: OWNER, dataDir, runDir, logger }),
    logs: new RingLogs({
      dir: join(dataDir, 'logs'),
      clock: { date: () => new Date(), now: () => performance.now() },
      logger,
    }),
    openOther: () => Promise.reject(new Error('there is no other engine')),
  });
}

/** The real engine with some of its methods replaced; the others are on its prototype, and use what it has. */
function engineWith(changed: Partial<ContainerEngine>): ContainerEngine {
  return new Proxy(engine, {
    get: (target, name): unknown => {
      const own: unknown = Reflect.get(target, name);
      const bound: unknown = typeof own === 'function' ? own.bind(target) : own;
      return Reflect.get(changed, name) ?? bound;
    },
  });
}

function workload(fields: object = {}): ContainerConfig {
  return containerConfigSchema.parse({ name: 'app', image: reference, port: 8000, ...fields });
}

describe('a container that is not confined as declared', () => {
  test.each<[string, (spec: ContainerSpec) => ContainerSpec]>([
    ['gains privileges', (spec) => ({ ...spec, noNewPrivileges: false })],
    ['has no system call filter', (spec) => ({ ...spec, seccomp: 'unconfined' })],
    ['has a capability', (spec) => ({ ...spec, capabilities: ['CAP_NET_RAW'] })],
    ['has a root that can be written', (spec) => ({ ...spec, readOnlyRoot: false })],
    ['has more processes', (spec) => ({ ...spec, limits: { ...spec.limits, pids: 999 } })],
    ['is somebody else', (spec) => ({ ...spec, uid: 4_321 })],
  ])('is removed before it runs when it %s', async (_what, change) => {
    const started: string[] = [];
    const runtime = await runtimeOver({
      create: (spec, image, logs) => engine.create(change(spec), image, logs),
      start: (id) => {
        started.push(id);
        return engine.start(id);
      },
    });
    const before = kernelObjects();
    const measured = measureContainer(workload(), false);
    await runtime.prepare(measured, { signal: SIGNAL, onProgress: () => undefined });
    await expect(runtime.start(measured)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_HARDENING_MISSING',
    });
    expect(started).toEqual([]);
    expect(await engine.list()).toEqual([]);
    await runtime.release(measured);
    await waitFor(() => kernelObjects().processes.length <= before.processes.length, {
      timeoutMs: 10_000,
    });
    expect(kernelObjects().links).toEqual(before.links);
    expect(existsSync(join(runDir, 'containers', 'app'))).toBe(false);
  });
});

test('a container keeps its address from one start to the next, and another version has its own', async () => {
  const runtime = await runtimeOver();
  const measured = measureContainer(workload(), false);
  // The same content is another version when somebody loads it once more.
  const other = measureContainer(workload(), false);
  for (const each of [measured, other]) {
    await runtime.prepare(each, { signal: SIGNAL, onProgress: () => undefined });
  }
  const first = await runtime.start(measured);
  const beside = await runtime.start(other);
  expect(beside.address).not.toEqual(first.address);
  await first.stop(5_000);
  const again = await runtime.start(measured);
  expect(again.address).toEqual(first.address);
  await Promise.all([again.stop(0), beside.stop(0)]);
  for (const each of [measured, other]) await runtime.release(each);
  expect(readdirSync(join(runDir, 'containers'))).toEqual([]);
});

test('what was never recorded is found, and what was created and not started is removed', async () => {
  const runtime = await runtimeOver();
  const measured = measureContainer(workload(), false);
  await runtime.prepare(measured, { signal: SIGNAL, onProgress: () => undefined });
  const [kept, stray] = [await runtime.start(measured), await runtime.start(measured)];
  const half = await runtimeOver({ start: () => Promise.reject(new Error('killed here')) });
  // As a launcher leaves it that was killed between the two steps.
  half.release = () => Promise.resolve();
  await expect(half.start(measured)).rejects.toThrow('killed here');
  const strays = await runtime.findStrays([{ workload: 'app', record: kept.record }]);
  expect(strays.map(({ record }) => record)).toMatchObject([{ id: idOf(stray.record) }]);
  for (const each of strays) await each.stop(0);
  expect((await engine.list()).map(({ id }) => id)).toEqual([idOf(kept.record)]);
  await kept.stop(0);
  await runtime.release(measured);
});

test('images that nothing needs are removed from engine and disk', async () => {
  const runtime = await runtimeOver();
  const other = registry.add('other', busyboxImage({ run: { Cmd: ['/bin/true'] } }));
  for (const image of [reference, other]) {
    const measured = measureContainer(workload({ image }), false);
    await runtime.prepare(measured, { signal: SIGNAL, onProgress: () => undefined });
  }
  expect(await engine.images()).toHaveLength(2);
  await runtime.collectGarbage(new Set([reference]));
  expect(await engine.images()).toEqual([reference.slice(reference.indexOf('@') + 1)]);
  expect(await store.find(other)).toBeUndefined();
  expect(await store.find(reference)).toBeDefined();
});

function idOf(record: object): string {
  return 'id' in record ? String(record.id) : '';
}
