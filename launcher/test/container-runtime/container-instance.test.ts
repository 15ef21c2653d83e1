// SPDX-License-Identifier: Apache-2.0
import { waitFor } from '@proofgate/daemon';
import { describe, expect, test } from 'vitest';
import { ContainerInstance } from '../../src/container-runtime/container-instance.ts';
import { LauncherError } from '../../src/errors.ts';
import { silentLogger } from '../fixtures.ts';
import { FakeEngine } from './fake-engine.ts';

const WITHIN = { timeoutMs: 10_000 };

function instanceIn(engine: FakeEngine): { instance: ContainerInstance; released: () => number } {
  let releases = 0;
  const instance = new ContainerInstance({
    engine,
    record: {
      runtime: 'containerd',
      ...{ id: 'web-1', slot: 1, port: 8000, stopSignal: 10, egress: false, startedAt: 0 },
    },
    pid: 7,
    address: { host: '10.92.0.3', port: 8000 },
    retry: { logger: silentLogger, random: () => 0 },
    release: () => {
      releases += 1;
      return Promise.resolve();
    },
    maintain: () => Promise.resolve(),
  });
  return { instance, released: () => releases };
}

describe('a container that ends by itself', () => {
  test.each([
    [
      { code: 3, outOfMemory: false },
      { kind: 'exited', code: 3 },
    ],
    [
      { code: 137, outOfMemory: true },
      { kind: 'oom', code: 137 },
    ],
    [{ code: undefined, outOfMemory: false }, { kind: 'vanished' }],
  ] as const)('has %j as %j, and nothing of it is left then', async (exit, reason) => {
    const engine = new FakeEngine();
    const { instance, released } = instanceIn(engine);
    engine.end(exit);
    expect(await instance.exited).toEqual(reason);
    expect(engine.done).toEqual(['wait', 'remove']);
    expect(released()).toBe(1);
  });

  test('while the engine is away has ended when that is back', async () => {
    const engine = new FakeEngine();
    engine.down = true;
    const { instance, released } = instanceIn(engine);
    await waitFor(() => engine.done.length >= 2, WITHIN);
    engine.end({ code: 0, outOfMemory: false });
    expect(released()).toBe(0);
    engine.down = false;
    expect(await instance.exited).toEqual({ kind: 'exited', code: 0 });
    expect(new Set(engine.done)).toEqual(new Set(['no answer to wait', 'wait', 'remove']));
  });

  test('and that the engine refuses to remove is said to be left', async () => {
    const engine = new FakeEngine();
    engine.remove = () =>
      Promise.reject(new LauncherError('ERR_LAUNCHER_ENGINE_REFUSED', 'not now'));
    const { instance } = instanceIn(engine);
    engine.end({ code: 0, outOfMemory: false });
    await expect(instance.exited).rejects.toMatchObject({ code: 'ERR_LAUNCHER_ENGINE_REFUSED' });
  });
});

describe('a container that is stopped', () => {
  test('gets its own signal, and no other when it ends', async () => {
    const engine = new FakeEngine();
    engine.exits.set(10, { code: 0, outOfMemory: false });
    expect(await instanceIn(engine).instance.stop(60_000)).toEqual({ kind: 'exited', code: 0 });
    expect(engine.done.filter((what) => what.startsWith('kill'))).toEqual(['kill 10']);
  });

  test('and does not end in time gets SIGKILL, all of it', async () => {
    const engine = new FakeEngine();
    const { instance } = instanceIn(engine);
    expect(await instance.stop(50)).toEqual({ kind: 'exited', code: 137 });
    expect(engine.done).toEqual(['wait', 'kill 10', 'kill 9 all', 'remove']);
  });

  test('without a time of its own gets SIGKILL at once', async () => {
    const engine = new FakeEngine();
    await instanceIn(engine).instance.stop(0);
    expect(engine.done).toEqual(['wait', 'kill 9 all', 'remove']);
  });

  test('while the engine is away is stopped when that is back', async () => {
    const engine = new FakeEngine();
    const { instance } = instanceIn(engine);
    engine.down = true;
    const stopped = instance.stop(0);
    await waitFor(() => engine.done.includes('no answer to kill 9 all'), WITHIN);
    engine.down = false;
    expect(await stopped).toEqual({ kind: 'exited', code: 137 });
  });
});
