// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { declareContainer } from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import { describe, expect, test, vi } from 'vitest';
import { fakeProxy } from './fake-proxy.ts';
import { freePort, isRunning } from './fixtures.ts';
import { allHealthy, start, vmStage } from './stage.ts';

import { WITHIN, SAME_USER, TIMING, loading } from './loading.ts';

// Real processes on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe('a config file that has changed', () => {
  test('replaces, loads and unloads what differs, and leaves the rest alone', async () => {
    const it = await loading('web', 'db');
    const { stage, launcher } = it;
    await launcher.loadWorkload(await it.container('own'));
    await allHealthy(launcher);
    const [before, db] = launcher.workloads();
    const inFile = launcher.plan.workloads.map(({ measured }) => measured.config);
    const { hostname: _, ...web } = declareContainer(inFile[0]!, {});
    const changed = {
      ...web,
      ...SAME_USER,
      port: await freePort(),
      env: { V: '2' },
      health_check: undefined,
    };
    const { health_check: __, ...next } = changed;
    const added = await stage.workload('added', SAME_USER);
    await launcher.reload(stage.parse([next, added]));
    await waitFor(() => launcher.workloads().length === 3, WITHIN);
    await waitFor(() => launcher.workloads()[0]?.specDigest !== before!.specDigest, WITHIN);
    expect(launcher.workloads().map(({ name }) => name)).toEqual(['web', 'own', 'added']);
    expect(await isRunning(db!.pid!)).toBe(false);
    await waitFor(async () => !(await isRunning(before!.pid!)), WITHIN);
    await launcher.stop();

    // Only what was loaded beside the file is there without it.
    const later = await start(stage, stage.parse([]), TIMING);
    await allHealthy(later);
    expect(later.workloads().map(({ name }) => name)).toEqual(['own']);
  });

  test('keeps what something else that was loaded needs, and takes the rest', async () => {
    const it = await loading('web', 'db');
    const { stage, launcher } = it;
    await launcher.loadWorkload({ ...(await it.container('own')), depends_on: ['db'] });
    await allHealthy(launcher);
    const added = await stage.workload('added', SAME_USER);
    // The second is asked for while the first is under way.
    const both = [launcher.reload(stage.parse([])), launcher.reload(stage.parse([added]))];
    await Promise.all(both);
    await allHealthy(launcher);
    expect(launcher.workloads().map(({ name }) => name)).toEqual(['db', 'own', 'added']);
  });
});

describe('a workload that depends on another', () => {
  test('starts when that one is well, and is ended before it', async () => {
    const stage = await vmStage();
    const db = await stage.workload('db');
    const web = await stage.workload('web', { depends_on: ['db'] });
    const proxy = await fakeProxy(join(stage.runDir, 'proxy.sock'));
    proxy.refuseWith = 422;
    const launcher = await start(stage, stage.parse([web, db]));
    expect(launcher.workloads()).toMatchObject([
      { name: 'web', state: 'pending', waitingFor: ['db'] },
      { name: 'db', state: 'pending' },
    ]);
    proxy.refuseWith = 0;
    const seen: string[] = [];
    await waitFor(() => {
      const [first, second] = launcher.workloads();
      seen.push(`${first!.state} ${second!.state}`);
      return first!.state === 'healthy';
    }, WITHIN);
    expect(seen.filter((pair) => /^(starting|running)/.test(pair))).not.toContainEqual(
      expect.not.stringMatching(/ healthy$/),
    );
    await expect(launcher.unloadWorkload('db')).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_REQUEST_REFUSED',
      message: expect.stringContaining('web cannot be without db') as string,
    });
    await launcher.unloadWorkload('web');
    await launcher.unloadWorkload('db');
    expect(launcher.workloads()).toEqual([]);
  });
});
