// SPDX-License-Identifier: Apache-2.0
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { waitFor } from '@proofgate/daemon';
import { replayRuntimeEvents, toHex, type RuntimeEvent } from '@proofgate/evidence';
import { planMeasurements, startLauncher } from '@proofgate/launcher';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { fakeProxy } from './fake-proxy.ts';
import { isRoot, isRunning, OWN_USER, silentLogger } from './fixtures.ts';
import { allHealthy, start, vmStage, type VmStage } from './stage.ts';

// Real processes on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const WITHIN = { timeoutMs: 15_000 };

async function loggedEvents(stage: VmStage): Promise<readonly RuntimeEvent[]> {
  const file = JSON.parse(await readFile(join(stage.runDir, 'event-log.json'), 'utf8')) as {
    events: RuntimeEvent[];
  };
  return file.events;
}

const types = (events: readonly RuntimeEvent[]): readonly string[] =>
  events.map((event) => ('name' in event ? `${event.type} ${event.name}` : event.type));

describe('a launcher', () => {
  test('does what the plan said, and undoes it when it stops', async () => {
    const stage = await vmStage();
    await writeFile(join(stage.dir, 'image-profile'), 'dev\n');
    const config = stage.parse([await stage.workload('web'), await stage.workload('api')]);
    const plan = await planMeasurements(config);
    expect(types(plan.events)).toEqual([
      'proofgate.platform',
      'proofgate.workload.load web',
      'proofgate.workload.load api',
    ]);
    expect(plan.events[0]).toMatchObject({
      image_profile: 'dev',
      platform_root: plan.platform.root,
    });

    const launcher = await start(stage, config);
    await allHealthy(launcher);
    expect(launcher.plan).toEqual(plan);
    expect(stage.rtmr3()).toBe(plan.rtmr3);
    const pids = launcher.workloads().map(({ pid }) => pid!);

    await launcher.stop();
    expect(await Promise.all(pids.map(isRunning))).toEqual([false, false]);
    const events = await loggedEvents(stage);
    expect(types(events.slice(3))).toEqual([
      'proofgate.workload.unload api',
      'proofgate.workload.unload web',
    ]);
    expect(stage.rtmr3()).toBe(toHex(replayRuntimeEvents(events)));
    await expect(access(join(stage.runDir, 'launcher.sock'))).rejects.toThrow();
    await expect(access(join(stage.runDir, 'manager.sock'))).rejects.toThrow();
  });

  test('has measured a workload before it starts it', async () => {
    const stage = await vmStage();
    // The workload looks at the log of the launcher that starts it.
    const script = join(stage.dir, 'look.mjs');
    await writeFile(
      script,
      `import { readFileSync } from 'node:fs';
       console.log(readFileSync(${JSON.stringify(join(stage.runDir, 'event-log.json'))}, 'utf8'));`,
    );
    const config = stage.parse([
      {
        name: 'look',
        runtime: 'process',
        command: [process.execPath, script],
        port: 8123,
        restart: { policy: 'never' },
        user: `${String(OWN_USER.uid)}:${String(OWN_USER.gid)}`,
      },
    ]);
    const launcher = await start(stage, config);
    await waitFor(() => launcher.workloads()[0]?.state === 'stopped', WITHIN);
    const output = await readFile(join(stage.dir, 'data', 'logs', 'look', 'stdout.log'), 'utf8');
    const seen = JSON.parse(output) as { events: RuntimeEvent[]; pending: unknown };
    expect(types(seen.events)).toContain('proofgate.workload.load look');
    expect(seen.pending).toBeNull();
  });

  test('goes on where an earlier one has stopped in the same boot', async () => {
    const stage = await vmStage();
    const config = stage.parse([await stage.workload('web')]);
    await (await start(stage, config)).stop();
    const launcher = await start(stage, config);
    await allHealthy(launcher);
    const events = await loggedEvents(stage);
    expect(types(events)).toEqual([
      'proofgate.platform',
      'proofgate.workload.load web',
      'proofgate.workload.unload web',
      'proofgate.workload.load web',
    ]);
    expect(stage.rtmr3()).toBe(toHex(replayRuntimeEvents(events)));
  });

  test('refuses to start on a register that something else has extended', async () => {
    const stage = await vmStage();
    const config = stage.parse([await stage.workload('web')]);
    await (await start(stage, config)).stop();
    await rm(join(stage.runDir, 'event-log.json'));
    await expect(start(stage, config)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_EVENT_LOG_MISMATCH',
    });
    // Nothing is left that would keep the next one from starting.
    await stage.boot();
    await allHealthy(await start(stage, config));
  });

  test('refuses to start on a platform without a register', async () => {
    const stage = await vmStage();
    const platform = { ...(await stage.openPlatform()), rtmr3: undefined };
    const config = stage.parse([await stage.workload('web')]);
    await expect(
      startLauncher(config, { platform, logger: silentLogger, own: OWN_USER }),
    ).rejects.toMatchObject({ code: 'ERR_LAUNCHER_REGISTER_UNAVAILABLE' });
  });

  test('starts nothing once its start has been given up', async () => {
    const stage = await vmStage();
    const config = stage.parse([await stage.workload('web')]);
    const given = { platform: await stage.openPlatform(), logger: silentLogger, own: OWN_USER };
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(startLauncher(config, { ...given, signal })).rejects.toThrow('enough');
    await expect(access(join(stage.dir, 'data', 'workloads.json'))).rejects.toThrow();
    await expect(access(join(stage.runDir, 'launcher.sock'))).rejects.toThrow();
  });

  test('refuses a container that it cannot run before it touches anything', async () => {
    const stage = await vmStage();
    const image = `ghcr.io/x/web@sha256:${'a'.repeat(64)}`;
    const config = stage.parse([{ name: 'web', image, port: 8000 }]);
    // Anybody can say what it would measure.
    const { events } = await planMeasurements(config);
    expect(types(events)).toEqual(['proofgate.platform', 'proofgate.workload.load web']);
    const given = { platform: await stage.openPlatform(), logger: silentLogger };
    await expect(
      startLauncher(config, { ...given, own: { uid: 1_000, gid: 1_000 } }),
    ).rejects.toMatchObject({ code: 'ERR_LAUNCHER_RUNTIME_UNAVAILABLE' });
    await expect(access(join(stage.dir, 'data'))).rejects.toThrow();
  });

  test('refuses a second one beside it, which changes nothing', async () => {
    const stage = await vmStage();
    const config = stage.parse([await stage.workload('web')]);
    const first = await start(stage, config);
    await allHealthy(first);
    const { pid } = first.workloads()[0]!;
    await expect(start(stage, config)).rejects.toMatchObject({ code: 'ERR_DAEMON_SOCKET_IN_USE' });
    expect(first.workloads()[0]).toMatchObject({ pid, state: 'healthy' });
    expect(stage.rtmr3()).toBe(first.plan.rtmr3);
  });

  test('refuses a CA file that is none', async () => {
    const stage = await vmStage();
    const config = stage.parse([]);
    await writeFile(config.platform.ca_cert, 'no certificate');
    await expect(planMeasurements(config)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_CA_INVALID',
    });
    await rm(config.platform.ca_cert);
    await expect(planMeasurements(config)).rejects.toMatchObject({
      code: 'ERR_DAEMON_FILE_MISSING',
    });
  });

  test('logs a new CA of the same boot', async () => {
    const stage = await vmStage();
    const config = stage.parse([]);
    const first = await start(stage, config);
    await first.stop();
    const other = await vmStage();
    await writeFile(
      config.platform.ca_cert,
      await readFile(other.parse([]).platform.ca_cert, 'utf8'),
    );
    const second = await start(stage, config);
    expect(second.plan.files.caSpkiSha256).not.toBe(first.plan.files.caSpkiSha256);
    expect((await loggedEvents(stage)).at(-1)).toEqual({
      type: 'proofgate.ca',
      ca_spki_sha256: second.plan.files.caSpkiSha256,
    });
  });
});

describe('what the proxy serves', () => {
  test('is in its state before a new workload starts', async () => {
    const stage = await vmStage();
    const proxy = await fakeProxy(join(stage.runDir, 'proxy.sock'));
    proxy.refuseWith = 422;
    const launcher = await start(stage, stage.parse([await stage.workload('web')]));
    await waitFor(() => proxy.refusals >= 3, WITHIN);
    expect(launcher.workloads()).toMatchObject([{ state: 'pending', pid: undefined }]);
    proxy.refuseWith = 0;
    await allHealthy(launcher);
    expect(proxy.states).toHaveLength(1);
  });

  test('does not matter any more to a workload that is stopped before it starts', async () => {
    const stage = await vmStage();
    const proxy = await fakeProxy(join(stage.runDir, 'proxy.sock'));
    proxy.refuseWith = 422;
    const launcher = await start(stage, stage.parse([await stage.workload('web')]));
    await launcher.stop();
    expect(launcher.workloads()).toMatchObject([{ state: 'stopped', pid: undefined }]);
    await expect(access(join(stage.dir, 'data', 'logs', 'web'))).rejects.toThrow();
  });

  test.runIf(isRoot)('is not what another user listens with', async () => {
    const stage = await vmStage();
    const proxy = await fakeProxy(join(stage.runDir, 'proxy.sock'));
    const served = (): boolean =>
      proxy.states.at(-1)?.hosts.some(({ hostname }) => hostname.startsWith('web.')) === true;
    // The workload itself stays away from its port; this process, which is root, takes it.
    const web = (await stage.workload('web', {
      command: ['/bin/sleep', '1000'],
    })) as { port: number };
    const launcher = await start(stage, stage.parse([web]));
    await waitFor(served, WITHIN);
    let answered = 0;
    const impostor = createServer((_request, response) => {
      answered += 1;
      response.end();
    });
    await new Promise<void>((resolve) => impostor.listen(web.port, '127.0.0.1', resolve));
    onTestFinished(() => void impostor.close());
    await waitFor(() => !served(), WITHIN);
    // The second health check comes after the first has been found well.
    await waitFor(() => answered >= 2, WITHIN);
    expect(launcher.workloads()).toMatchObject([{ state: 'unhealthy' }]);
    expect(proxy.states.at(-1)?.hosts.map(({ hostname }) => hostname)).toEqual([
      'manager.m1.example.com',
    ]);
    impostor.closeAllConnections();
    impostor.close();
    await waitFor(served, WITHIN);
  });
});
