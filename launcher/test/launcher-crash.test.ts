// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { waitFor } from '@proofgate/daemon';
import { replayRuntimeEvents, toHex, type RuntimeEvent } from '@proofgate/evidence';
import type { WorkloadSummary } from '@proofgate/launcher';
import { describe, expect, test, vi } from 'vitest';
import { isRunning } from './fixtures.ts';
import { end, launch } from './separate-launcher.ts';
import { vmStage, type VmStage } from './stage.ts';

// Real processes on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const WITHIN = { timeoutMs: 20_000 };

async function workloads(stage: VmStage): Promise<readonly WorkloadSummary[]> {
  const answer = await stage.ask('/v1/workloads').catch(() => undefined);
  return (answer?.body as { workloads: WorkloadSummary[] } | undefined)?.workloads ?? [];
}

/** Waits until these workloads and no others are healthy; returns their pids by name. */
async function healthy(stage: VmStage, ...names: string[]): Promise<Record<string, number>> {
  const all = await waitFor(
    async () => {
      const list = await workloads(stage);
      const ready = list.every(({ state }) => state === 'healthy');
      return ready && list.length === names.length ? list : undefined;
    },
    { ...WITHIN, what: 'health' },
  );
  expect(all.map(({ name }) => name)).toEqual(names);
  return Object.fromEntries(all.map(({ name, pid }) => [name, pid!]));
}

async function eventTypes(stage: VmStage): Promise<readonly string[]> {
  const text = await readFile(join(stage.runDir, 'event-log.json'), 'utf8');
  const { events } = JSON.parse(text) as { events: RuntimeEvent[] };
  expect(toHex(replayRuntimeEvents(events))).toBe(stage.rtmr3());
  return events.map((event) => ('name' in event ? `${event.type} ${event.name}` : event.type));
}

/** Asks a workload again and again, one request after the other, until stopped; counts what went wrong. */
function hammer(port: number): () => Promise<{ answered: number; failed: number }> {
  const count = { answered: 0, failed: 0 };
  let stopped = false;
  const once = (): Promise<void> =>
    new Promise((resolve) => {
      const ask = request({ host: '127.0.0.1', port, agent: false }, (response) => {
        response.resume().on('end', () => {
          count.answered += 1;
          resolve();
        });
      });
      ask.on('error', () => {
        count.failed += 1;
        resolve();
      });
      ask.end();
    });
  const done = (async (): Promise<void> => {
    while (!stopped) await once();
  })();
  return async () => {
    stopped = true;
    await done;
    return count;
  };
}

describe('after kill -9 of the launcher', () => {
  test('the workload goes on, and the next launcher takes it over', async () => {
    const stage = await vmStage();
    const web = (await stage.workload('web')) as { port: number };
    const first = await launch(stage, [web]);
    const { web: pid } = await healthy(stage, 'web');
    const measured = stage.rtmr3();

    const stopHammering = hammer(web.port);
    await end(first, 'SIGKILL');
    expect(await isRunning(pid!)).toBe(true);
    const second = await launch(stage, [web]);
    expect(await healthy(stage, 'web')).toEqual({ web: pid });
    const { answered, failed } = await stopHammering();
    expect(failed).toBe(0);
    expect(answered).toBeGreaterThan(0);
    expect(stage.rtmr3()).toBe(measured);

    // Adopted means watched: when it dies it is started again, which is no new measurement.
    process.kill(pid!, 'SIGKILL');
    const replaced = await waitFor(
      async () =>
        (await workloads(stage)).find(
          (workload) => workload.pid !== pid && workload.state === 'healthy',
        ),
      WITHIN,
    );
    expect(replaced).toMatchObject({ restarts: 1, lastExit: { kind: 'vanished' } });
    expect(stage.rtmr3()).toBe(measured);

    expect(await end(second, 'SIGTERM')).toBe(0);
    expect(await isRunning(replaced.pid!)).toBe(false);
    expect(await eventTypes(stage)).toEqual([
      'proofgate.platform',
      'proofgate.workload.load web',
      'proofgate.workload.unload web',
    ]);
  });

  test('a workload that has died meanwhile is started again', async () => {
    const stage = await vmStage();
    const web = await stage.workload('web');
    const first = await launch(stage, [web]);
    const { web: pid } = await healthy(stage, 'web');
    await end(first, 'SIGKILL');
    process.kill(pid!, 'SIGKILL');
    await launch(stage, [web]);
    const { web: next } = await healthy(stage, 'web');
    expect(next).not.toBe(pid);
    expect(await eventTypes(stage)).toEqual(['proofgate.platform', 'proofgate.workload.load web']);
  });

  test('what the config file does not have any more is ended and logged', async () => {
    const stage = await vmStage();
    const web = await stage.workload('web');
    const old = await stage.workload('old');
    const first = await launch(stage, [web, old]);
    const before = await healthy(stage, 'web', 'old');
    await end(first, 'SIGKILL');
    await launch(stage, [web]);
    expect(await healthy(stage, 'web')).toEqual({ web: before['web'] });
    expect(await isRunning(before['old']!)).toBe(false);
    expect(await eventTypes(stage)).toEqual([
      'proofgate.platform',
      'proofgate.workload.load web',
      'proofgate.workload.load old',
      'proofgate.workload.unload old',
    ]);
  });

  test('what has changed in the config file is ended, measured again and started', async () => {
    const stage = await vmStage();
    const web = await stage.workload('web');
    const first = await launch(stage, [web]);
    const before = await healthy(stage, 'web');
    await end(first, 'SIGKILL');
    await launch(stage, [{ ...web, env: { CHANGED: '1' } }]);
    expect(await healthy(stage, 'web')).not.toEqual(before);
    expect(await isRunning(before['web']!)).toBe(false);
    expect(await eventTypes(stage)).toEqual([
      'proofgate.platform',
      'proofgate.workload.load web',
      'proofgate.workload.unload web',
      'proofgate.workload.load web',
    ]);
  });

  test('what was never recorded is found and ended', async () => {
    const stage = await vmStage();
    const web = await stage.workload('web');
    const first = await launch(stage, [web]);
    const before = await healthy(stage, 'web');
    await end(first, 'SIGKILL');
    const records = join(stage.dir, 'data', 'workloads.json');
    const file = JSON.parse(await readFile(records, 'utf8')) as { workloads: unknown[] };
    await writeFile(records, JSON.stringify({ ...file, workloads: [] }));
    await launch(stage, [web]);
    expect(await healthy(stage, 'web')).not.toEqual(before);
    expect(await isRunning(before['web']!)).toBe(false);
  });
});

test('workloads of an earlier boot of the platform are ended, measured again and started', async () => {
  const stage = await vmStage();
  const web = await stage.workload('web');
  const first = await launch(stage, [web]);
  const before = await healthy(stage, 'web');
  await end(first, 'SIGKILL');
  await stage.boot();
  await launch(stage, [web]);
  expect(await healthy(stage, 'web')).not.toEqual(before);
  expect(await isRunning(before['web']!)).toBe(false);
  expect(await eventTypes(stage)).toEqual(['proofgate.platform', 'proofgate.workload.load web']);
});
