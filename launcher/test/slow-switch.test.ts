// SPDX-License-Identifier: Apache-2.0
import { waitFor } from '@proofgate/daemon';
import { expect, test, vi } from 'vitest';
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
import { allHealthy, start } from './stage.ts';

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
