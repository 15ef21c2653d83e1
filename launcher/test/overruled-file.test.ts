// SPDX-License-Identifier: Apache-2.0
import { waitFor } from '@proofgate/daemon';
import { expect, test, vi } from 'vitest';
import { loading, loggedEvents, only, SAME_USER, TIMING, WITHIN, type Loading } from './loading.ts';
import { allHealthy, start } from './stage.ts';

// Real processes on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** A launcher whose config file has `web`, in whose place something else was loaded. */
async function overruled(): Promise<Loading & { readonly inFile: object; readonly spec: string }> {
  const it = await loading();
  const inFile = await it.stage.workload('web', SAME_USER);
  await it.launcher.reload(it.stage.parse([inFile]));
  await allHealthy(it.launcher);
  await it.launcher.loadWorkload(await it.container('web', { env: { FROM: 'api' } }));
  await waitFor(() => envOf(it)?.['FROM'] === 'api', WITHIN);
  const { specDigest: spec } = only(it);
  return { ...it, inFile, spec };
}

function envOf({ launcher }: Loading): Readonly<Record<string, string>> | undefined {
  return launcher.plan.workloads[0]?.measured.config.env;
}

async function restarted(it: Loading, ...inFile: readonly object[]): Promise<Loading> {
  await it.launcher.stop();
  const launcher = await start(it.stage, it.stage.parse(inFile), TIMING);
  await allHealthy(launcher);
  return { ...it, launcher };
}

test('what was loaded in the place of a workload of the file is there again after restarts', async () => {
  const it = await overruled();
  const second = await restarted(it, it.inFile);
  expect(only(second).specDigest).toBe(it.spec);
  // The log was never of anything else: what the file says is not measured, since it does not run.
  expect((await loggedEvents(it)).slice(-2)).toEqual([
    'unload web',
    `load web ${it.spec.slice(0, 4)}`,
  ]);
  // Not only the launcher that loaded it knows.
  const third = await restarted(second, it.inFile);
  expect(only(third).specDigest).toBe(it.spec);
});

test('it stays when the file is read again and says something new of others alone', async () => {
  const it = await overruled();
  const { pid } = only(it);
  const other = await it.stage.workload('db', SAME_USER);
  await it.launcher.reload(it.stage.parse([it.inFile, other]));
  await allHealthy(it.launcher);
  expect(it.launcher.workloads()).toMatchObject([{ name: 'web', pid }, { name: 'db' }]);
  expect(it.launcher.workloads()[0]?.replacement).toBeUndefined();
});

test('it gives way to what the file says of it anew, with the next launcher', async () => {
  const it = await overruled();
  const changed = { ...it.inFile, env: { FROM: 'file' } };
  expect(envOf(await restarted(it, changed))).toEqual({ FROM: 'file' });
});

test('it gives way to what the file says of it anew, at once, and does not come back', async () => {
  const it = await overruled();
  const changed = { ...(await it.stage.workload('web', SAME_USER)), env: { FROM: 'file' } };
  await it.launcher.reload(it.stage.parse([changed]));
  await waitFor(() => envOf(it)?.['FROM'] === 'file', WITHIN);
  expect(envOf(await restarted(it, changed))).toEqual({ FROM: 'file' });
});

test('once it is unloaded, the file speaks again', async () => {
  const it = await overruled();
  await it.launcher.unloadWorkload('web');
  expect(envOf(await restarted(it, it.inFile))).toEqual({});
});
