// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { containerConfigSchema, type ContainerConfig } from '@proofgate/api';
import { expect, test, vi } from 'vitest';
import { fakeProxy } from './fake-proxy.ts';
import { allHealthy, start, vmStage } from './stage.ts';

// Real processes on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000 });

test('a workload that is being unloaded takes no new version', async () => {
  const stage = await vmStage();
  await fakeProxy(join(stage.runDir, 'proxy.sock'));
  const launcher = await start(stage, stage.parse([]));
  const container = async (fields: object = {}): Promise<ContainerConfig> =>
    containerConfigSchema.parse(await stage.workload('app', fields));
  await launcher.loadWorkload(await container());
  await allHealthy(launcher);
  const second = await container({ env: { VERSION: 'two' } });
  const unloaded = launcher.unloadWorkload('app');
  await expect(launcher.loadWorkload(second)).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_WORKLOAD_STATE',
  });
  await unloaded;
  expect(launcher.workloads()).toEqual([]);
  await launcher.loadWorkload(second);
  await allHealthy(launcher);
});
