// SPDX-License-Identifier: Apache-2.0
import { access, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerConfigSchema } from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import { describe, expect, test, vi } from 'vitest';
import { freePort, isRunning } from './fixtures.ts';
import { allHealthy, start } from './stage.ts';

import {
  WITHIN,
  SAME_USER,
  TIMING,
  loading,
  loggedEvents,
  upstreamsOf,
  local,
  settled,
  only,
} from './loading.ts';

// Real processes on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe('a workload that is loaded', () => {
  test('is measured, served and there again after a restart, until it is unloaded', async () => {
    const it = await loading();
    const web = await it.container('web');
    const { planned, replaces } = await it.launcher.loadWorkload(web);
    expect(replaces).toBe(false);
    await allHealthy(it.launcher);
    const spec = planned.measured.specDigest.slice(0, 4);
    expect(await loggedEvents(it)).toEqual(['platform', `load web ${spec}`]);
    await waitFor(() => upstreamsOf(it, 'web')[0] === local(web), WITHIN);
    expect(it.launcher.plan.workloads).toEqual([planned]);
    const file = join(it.stage.dir, 'data', 'loaded.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);

    await it.launcher.stop();
    const next = { ...it, launcher: await start(it.stage, it.stage.parse([]), TIMING) };
    await allHealthy(next.launcher);
    expect(only(next)).toMatchObject({ name: 'web', specDigest: planned.measured.specDigest });
    const { pid } = only(next);

    await next.launcher.unloadWorkload('web');
    expect(await isRunning(pid!)).toBe(false);
    expect(next.launcher.workloads()).toEqual([]);
    expect((await loggedEvents(it)).slice(-2)).toEqual([`load web ${spec}`, 'unload web']);
    await waitFor(() => it.proxy.states.at(-1)!.eventLog.length === 5, WITHIN);
    expect(upstreamsOf(it, 'web')).toEqual([undefined, undefined]);
    await next.launcher.unloadWorkload('web');
    await next.launcher.stop();
    const last = await start(it.stage, it.stage.parse([]));
    expect(last.workloads()).toEqual([]);
  });

  test('gives way to one of the config file with its name', async () => {
    const it = await loading();
    await it.launcher.loadWorkload(await it.container('web'));
    await allHealthy(it.launcher);
    await it.launcher.stop();
    const inFile = await it.stage.workload('web', { env: { FROM: 'file' } });
    const launcher = await start(it.stage, it.stage.parse([inFile]));
    await allHealthy(launcher);
    expect(launcher.plan.workloads[0]?.measured.config.env).toEqual({ FROM: 'file' });
  });

  test('is refused when it does not fit what is there', async () => {
    const it = await loading('web');
    const { port } = it.launcher.plan.workloads[0]!.measured.config;
    const code = 'ERR_LAUNCHER_REQUEST_REFUSED';
    const [samePort, needsNobody] = [
      await it.container('api', { port }),
      await it.container('api', { depends_on: ['db'] }),
    ];
    await expect(it.launcher.loadWorkload(samePort)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/workload api .*port .* is already taken/) as string,
    });
    await expect(it.launcher.loadWorkload(needsNobody)).rejects.toMatchObject({ code });
    expect(it.launcher.workloads()).toHaveLength(1);
    await expect(access(join(it.stage.dir, 'data', 'loaded.json'))).rejects.toThrow();
  });

  test('is unloaded although the proxy refuses to know of it', async () => {
    const it = await loading();
    const gone = await it.container('web', { command: ['/bin/sh', join(it.stage.dir, 'gone')] });
    await writeFile(join(it.stage.dir, 'gone'), 'exec sleep 1000');
    const proxy = it.proxy;
    proxy.refuseWith = 422;
    // Measured when it is accepted, and again before it starts, which waits for the proxy.
    await it.launcher.loadWorkload(gone);
    await waitFor(() => proxy.refusals > 0, WITHIN);
    await it.launcher.unloadWorkload('web').catch(() => undefined);
    proxy.refuseWith = 0;
    await settled(it, ['platform', (await loggedEvents(it))[1]!, 'unload web']);
  });

  test('and not there is unloaded without an error', async () => {
    const it = await loading();
    await it.launcher.unloadWorkload('web');
    expect(await loggedEvents(it)).toEqual(['platform']);
  });
});

describe('a workload that is replaced', () => {
  const OLD_ANSWERS = 'web';

  test('by one beside it goes on until that one serves and those who were sent to it are gone', async () => {
    const it = await loading(OLD_ANSWERS);
    const before = only(it);
    const old = it.launcher.plan.workloads[0]!.measured.config;
    const next = await it.container('web', { env: { V: '2' } });
    const { planned, replaces } = await it.launcher.loadWorkload(next);
    expect(replaces).toBe(true);
    await waitFor(() => upstreamsOf(it, 'web')[1] !== undefined, WITHIN);
    expect(upstreamsOf(it, 'web')).toEqual([local(next), local(old)]);
    expect(await isRunning(before.pid!)).toBe(true);
    expect(only(it)).toMatchObject({ state: 'healthy', specDigest: planned.measured.specDigest });
    const [v1, v2] = [before.specDigest.slice(0, 4), planned.measured.specDigest.slice(0, 4)];
    expect(await loggedEvents(it)).toEqual(['platform', `load web ${v1}`, `load web ${v2}`]);

    await waitFor(async () => !(await isRunning(before.pid!)), WITHIN);
    expect(upstreamsOf(it, 'web')).toEqual([local(next), undefined]);
    const log = ['platform', `load web ${v1}`, `load web ${v2}`, 'unload web', `load web ${v2}`];
    await settled(it, log);
    // No state shows a log between the last two events: one without the workload that serves.
    expect(it.proxy.states.map(({ eventLog }) => eventLog.length)).not.toContain(4);
    await waitFor(() => it.proxy.states.at(-1)!.eventLog.length === 5, WITHIN);
  });

  test.each([
    ['ends', { command: ['/bin/false'], health_check: undefined }, /exited with code 1/],
    ['never listens', { command: ['/bin/sleep', '1000'] }, /could not serve within 500 ms/],
    [
      'never listens and has no check',
      { command: ['/bin/sleep', '1000'], health_check: undefined },
      /could not serve within 500 ms/,
    ],
    [
      'is not ready in the time that it asks for',
      { readiness_timeout_seconds: 0.3, command: ['/bin/sleep', '1000'] },
      /not ready after 300 ms/,
    ],
  ])('by one that %s goes on as if nothing had happened', async (_case, fields, problem) => {
    const it = await loading();
    await it.launcher.stop();
    const launcher = await start(
      it.stage,
      it.stage.parse([await it.stage.workload('web', SAME_USER)]),
      {
        ...TIMING,
        replacementReadyMs: 500,
      },
    );
    await allHealthy(launcher);
    const now = { ...it, launcher };
    const before = only(now);
    const served = upstreamsOf(it, 'web');
    const { readiness_timeout_seconds: ready, ...rest } = fields as Record<string, unknown>;
    const port = await freePort();
    const check = { tcp: `127.0.0.1:${String(port)}`, readiness_timeout_seconds: ready ?? 0 };
    const next = containerConfigSchema.parse({
      name: 'web',
      runtime: 'process',
      port,
      ...SAME_USER,
      ...('health_check' in rest ? {} : { health_check: check }),
      ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    });
    await launcher.loadWorkload(next);
    await waitFor(() => only(now).replacement?.problem !== undefined, WITHIN);
    expect(only(now)).toMatchObject({
      state: 'healthy',
      pid: before.pid,
      restarts: 0,
      replacement: {
        state: 'failed',
        problem: { message: expect.stringMatching(problem) as string },
      },
    });
    const v1 = before.specDigest.slice(0, 4);
    await waitFor(async () => (await loggedEvents(it)).at(-1) === `load web ${v1}`, WITHIN);
    expect((await loggedEvents(it)).slice(-3)).toEqual([
      expect.stringMatching(/^load web/) as string,
      'unload web',
      `load web ${v1}`,
    ]);
    expect(upstreamsOf(it, 'web')).toEqual(served);
    // The next launcher knows nothing of it.
    expect(launcher.plan.workloads[0]?.measured.specDigest).toBe(before.specDigest);
  });

  test('by one at the same place makes room for it, and comes back when that one fails', async () => {
    const it = await loading('web');
    const before = only(it);
    const { port } = it.launcher.plan.workloads[0]!.measured.config;
    const health_check = { http: `http://127.0.0.1:${String(port)}/`, interval_seconds: 0.2 };
    await it.launcher.loadWorkload(
      await it.container('web', { port, health_check, env: { V: '2' } }),
    );
    await waitFor(() => only(it).specDigest !== before.specDigest, WITHIN);
    await allHealthy(it.launcher);
    expect(await isRunning(before.pid!)).toBe(false);
    const second = only(it);

    const broken = await it.container('web', { port, health_check, command: ['/bin/false'] });
    await it.launcher.loadWorkload(broken);
    await waitFor(() => only(it).replacement?.problem !== undefined, WITHIN);
    await waitFor(() => only(it).specDigest === second.specDigest, WITHIN);
    await allHealthy(it.launcher);
    const [v1, v2] = [before.specDigest.slice(0, 4), second.specDigest.slice(0, 4)];
    expect((await loggedEvents(it)).filter((event) => event !== 'platform')).toEqual([
      `load web ${v1}`,
      'unload web',
      `load web ${v2}`,
      'unload web',
      expect.stringMatching(/^load web/) as string,
      'unload web',
      `load web ${v2}`,
    ]);
  });

  test('by what it is already does not notice', async () => {
    const it = await loading('web');
    const before = only(it);
    const { config } = it.launcher.plan.workloads[0]!.measured;
    expect(await it.launcher.loadWorkload(config)).toMatchObject({ replaces: true });
    expect(only(it)).toEqual(before);
    expect(await loggedEvents(it)).toHaveLength(2);
  });

  test('and by a newer one before that one is ready never serves the one in between', async () => {
    const it = await loading('web');
    const slow = await it.container('web', { command: ['/bin/sleep', '1000'] });
    await it.launcher.loadWorkload(slow);
    await waitFor(() => only(it).replacement?.state === 'running', WITHIN);
    const next = await it.container('web', { env: { V: '3' } });
    const { planned } = await it.launcher.loadWorkload(next);
    await waitFor(() => only(it).specDigest === planned.measured.specDigest, WITHIN);
    const upstreams = it.proxy.states.flatMap(({ hosts }) => hosts.map(({ upstream }) => upstream));
    expect(upstreams).not.toContain(local(slow));
  });

  test('and unloaded meanwhile leaves nothing', async () => {
    const it = await loading('web');
    const { pid } = only(it);
    await it.launcher.loadWorkload(await it.container('web', { command: ['/bin/sleep', '1000'] }));
    const next = await waitFor(() => {
      const { replacement } = only(it);
      return replacement?.state === 'running' ? replacement : undefined;
    }, WITHIN);
    expect(next.problem).toBeUndefined();
    await it.launcher.unloadWorkload('web');
    expect(await isRunning(pid!)).toBe(false);
    expect(it.launcher.workloads()).toEqual([]);
    expect((await loggedEvents(it)).at(-1)).toBe('unload web');
  });
});
