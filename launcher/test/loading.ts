// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerConfigSchema, type ContainerConfig } from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import { replayRuntimeEvents, toHex, type RuntimeEvent } from '@proofgate/evidence';
import type { RunningLauncher } from '@proofgate/launcher';
import { expect } from 'vitest';
import { fakeProxy, type FakeProxy } from './fake-proxy.ts';
import { OWN_USER } from './fixtures.ts';
import { allHealthy, start, vmStage, type VmStage } from './stage.ts';

export const WITHIN = { timeoutMs: 45_000 };
/** With a user id of its own, everything that a workload runs ends together; two versions could not run at a time. */
export const SAME_USER = { user: `${String(OWN_USER.uid)}:${String(OWN_USER.gid)}` };
/** Long enough to be seen, short enough to be waited for. */
export const TIMING = { drainMs: 300, quietMs: 300, replacementReadyMs: 10_000 };

export interface Loading {
  readonly stage: VmStage;
  readonly proxy: FakeProxy;
  readonly launcher: RunningLauncher;
  /** A workload as somebody would load it. */
  container(name: string, fields?: object): Promise<ContainerConfig>;
}

export async function loading(...inFile: readonly string[]): Promise<Loading> {
  const stage = await vmStage();
  const proxy = await fakeProxy(join(stage.runDir, 'proxy.sock'));
  const containers: object[] = [];
  for (const name of inFile) containers.push(await stage.workload(name, SAME_USER));
  const launcher = await start(stage, stage.parse(containers), TIMING);
  await allHealthy(launcher);
  const container = async (name: string, fields: object = {}): Promise<ContainerConfig> =>
    containerConfigSchema.parse(await stage.workload(name, { ...SAME_USER, ...fields }));
  return { stage, proxy, launcher, container };
}

export async function loggedEvents({ stage }: Loading): Promise<readonly string[]> {
  // Read again when something is being recorded at this moment.
  const events = await waitFor(async () => {
    const text = await readFile(join(stage.runDir, 'event-log.json'), 'utf8');
    const stored = (JSON.parse(text) as { events: RuntimeEvent[] }).events;
    return toHex(replayRuntimeEvents(stored)) === stage.rtmr3() ? stored : undefined;
  }, WITHIN);
  return events.map((event) => {
    if (!('name' in event)) return event.type.replace('proofgate.', '');
    const version = 'spec_digest' in event ? ` ${event.spec_digest.slice(0, 4)}` : '';
    return `${event.type.replace('proofgate.workload.', '')} ${event.name}${version}`;
  });
}

export function upstreamsOf({ proxy }: Loading, name: string): readonly (string | undefined)[] {
  const host = proxy.states.at(-1)?.hosts.find(({ hostname }) => hostname.startsWith(`${name}.`));
  return [host?.upstream, host?.retiring];
}

export const local = ({ port }: ContainerConfig): string => `http://127.0.0.1:${String(port)}`;

/** Until the log is that of one settled version. */
export async function settled(it: Loading, expected: readonly string[]): Promise<void> {
  await waitFor(async () => (await loggedEvents(it)).length >= expected.length, WITHIN);
  expect(await loggedEvents(it)).toEqual(expected);
}

export function only({ launcher }: Loading): ReturnType<RunningLauncher['workloads']>[number] {
  const [summary, ...others] = launcher.workloads();
  expect(others).toEqual([]);
  return summary!;
}
