// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { containerConfigSchema, type ContainerConfig, type GatewayHost } from '@proofgate/api';
import { requestUnix, waitFor } from '@proofgate/daemon';
import { expect, test, vi } from 'vitest';
import { fakeProxy } from './fake-proxy.ts';
import { isRunning } from './fixtures.ts';
import {
  loading,
  local,
  loggedEvents,
  only,
  SAME_USER,
  TIMING,
  upstreamsOf,
  WITHIN,
} from './loading.ts';
import type { Loading } from './loading.ts';
import { end, launch } from './separate-launcher.ts';
import { allHealthy, start, vmStage } from './stage.ts';

// Real processes on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** A launcher that waits for the proxy for a moment, and not for minutes. */
async function impatient(): Promise<Loading> {
  const it = await loading();
  await it.launcher.stop();
  const web = await it.stage.workload('web', SAME_USER);
  const launcher = await start(it.stage, it.stage.parse([web]), { ...TIMING, switchMs: 500 });
  await allHealthy(launcher);
  await waitFor(() => upstreamsOf(it, 'web')[0] !== undefined, WITHIN);
  return { ...it, launcher };
}

test('a version that the proxy does not begin to serve makes room for the one before it', async () => {
  const it = await impatient();
  const before = only(it);
  const old = it.launcher.plan.workloads[0]!.measured.config;
  it.proxy.staysWithRetiring = true;
  const next = await it.container('web', { env: { V: '2' } });
  await it.launcher.loadWorkload(next);
  await waitFor(() => upstreamsOf(it, 'web')[1] === local(old), WITHIN);
  // Told to stay with what it still serves; what it may have begun to serve at that moment is still there.
  await waitFor(() => upstreamsOf(it, 'web')[0] === local(old), WITHIN);
  expect(upstreamsOf(it, 'web')).toEqual([local(old), local(next)]);
  await waitFor(() => only(it).replacement?.problem !== undefined, WITHIN);
  expect(only(it)).toMatchObject({
    pid: before.pid,
    state: 'healthy',
    specDigest: before.specDigest,
    replacement: {
      state: 'failed',
      problem: { message: 'the proxy has not begun to serve it within 500 ms' },
    },
  });
  const version = before.specDigest.slice(0, 4);
  await waitFor(async () => (await loggedEvents(it)).at(-1) === `load web ${version}`, WITHIN);
  expect(upstreamsOf(it, 'web')).toEqual([local(old), undefined]);

  // It is not stuck: the next one is served as soon as the proxy does its part.
  it.proxy.staysWithRetiring = false;
  const { planned } = await it.launcher.loadWorkload(
    await it.container('web', { env: { V: '3' } }),
  );
  await waitFor(() => only(it).specDigest === planned.measured.specDigest, WITHIN);
  await waitFor(async () => !(await isRunning(before.pid!)), WITHIN);
});

/** What the launcher's socket says of its workloads. */
interface RunningLauncherAnswer {
  readonly workloads: readonly { readonly state: string; readonly pid?: number }[];
}

/** A launcher that has taken over from one that was killed while the proxy was still with the version before. */
async function takenOver(): Promise<
  Loading & { readonly left: ContainerConfig; readonly leftPid: number }
> {
  const stage = await vmStage();
  const proxy = await fakeProxy(join(stage.runDir, 'proxy.sock'));
  const container = async (name: string, fields: object = {}): Promise<ContainerConfig> =>
    containerConfigSchema.parse(await stage.workload(name, { ...SAME_USER, ...fields }));
  const web = await stage.workload('web', SAME_USER);
  const killed = await launch(stage, [web]);
  const served = (): GatewayHost | undefined =>
    proxy.states.at(-1)?.hosts.find(({ hostname }) => hostname.startsWith('web.'));
  await waitFor(() => served() !== undefined, WITHIN);
  const leftPid = await waitFor(async () => {
    const { workloads } = (await stage.ask('/v1/workloads')).body as RunningLauncherAnswer;
    return workloads.find(({ state }) => state === 'healthy')?.pid;
  }, WITHIN);
  proxy.staysWithRetiring = true;
  const answer = await requestUnix({
    socketPath: join(stage.runDir, 'launcher.sock'),
    ...{ method: 'POST', path: '/api/v1/containers', timeoutMs: 5_000 },
    body: await stage.workload('web', { ...SAME_USER, env: { V: '2' } }),
  });
  expect(answer).toMatchObject({ status: 202 });
  await waitFor(() => served()?.retiring !== undefined, WITHIN);
  await end(killed, 'SIGKILL');
  const launcher = await start(stage, stage.parse([web]), { ...TIMING, switchMs: 500 });
  const [left] = stage.parse([web]).containers;
  return { stage, proxy, launcher, container, left: left!, leftPid };
}

test('what a killed launcher has left keeps no newer version waiting, and is served until one can be', async () => {
  const it = await takenOver();
  const { left, leftPid } = it;
  await waitFor(() => upstreamsOf(it, 'web')[1] === local(left), WITHIN);
  const second = only(it);
  const next = await it.container('web', { env: { V: '3' } });
  await it.launcher.loadWorkload(next);
  await waitFor(() => upstreamsOf(it, 'web')[0] === local(next), WITHIN);
  expect(upstreamsOf(it, 'web')[1]).toBe(local(left));
  await waitFor(() => only(it).replacement?.problem !== undefined, WITHIN);
  expect(only(it)).toMatchObject({ state: 'healthy', specDigest: second.specDigest });
  expect(upstreamsOf(it, 'web')[1]).toBe(local(left));
  expect(await isRunning(leftPid)).toBe(true);

  it.proxy.staysWithRetiring = false;
  const { planned } = await it.launcher.loadWorkload(
    await it.container('web', { env: { V: '4' } }),
  );
  const { specDigest } = planned.measured;
  await waitFor(() => only(it).specDigest === specDigest, WITHIN);
  await waitFor(async () => !(await isRunning(leftPid)), WITHIN);
  await waitFor(async () => !(await isRunning(second.pid!)), WITHIN);
  const events = await waitFor(async () => {
    const all = await loggedEvents(it);
    return all.at(-2) === 'unload web' ? all : undefined;
  }, WITHIN);
  expect(events.at(-1)).toBe(`load web ${specDigest.slice(0, 4)}`);
});
