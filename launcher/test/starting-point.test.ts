// SPDX-License-Identifier: Apache-2.0
import { vmConfigSchema, type ContainerConfig, type VmConfig } from '@proofgate/api';
import type { RuntimeEvent } from '@proofgate/evidence';
import { expect, test } from 'vitest';
import { measureWorkload } from '../src/measurement/measure-workload.ts';
import type { MeasuredWorkload } from '../src/measurement/measured-workload.ts';
import { planWorkload } from '../src/measurement/measurement-plan.ts';
import { startingPoint, type EarlierTime } from '../src/starting-point.ts';
import type { WorkloadRecord } from '../src/supervision/workload-records.ts';

const image = (digit: string): string => `ghcr.io/example/web@sha256:${digit.repeat(64)}`;

function file(...containers: readonly object[]): VmConfig {
  const platform = { ca_cert: 'a', ca_key: 'b', hostname: 'example.com' };
  return vmConfigSchema.parse({ version: '1', platform, containers });
}

const measure = (container: ContainerConfig): Promise<MeasuredWorkload> =>
  measureWorkload(container, false);

function recordOf({ config, imageDigest, specDigest }: MeasuredWorkload): WorkloadRecord {
  const instance = {
    runtime: 'containerd',
    ...{ id: 'web-1', slot: 1, port: 8000, stopSignal: 15, egress: false, startedAt: 0 },
  } as const;
  return { name: config.name, imageDigest, specDigest, instance };
}

/** A launcher that had this file and ran what it says. */
async function ranWith(config: VmConfig): Promise<EarlierTime> {
  const measured = await Promise.all(config.containers.map(measure));
  const events: readonly RuntimeEvent[] = measured.map((workload) => planWorkload(workload).event);
  return {
    left: { workloads: [], fromFile: config.containers },
    records: measured.map(recordOf),
    events,
    measure,
  };
}

async function decide(
  next: VmConfig,
  earlier: EarlierTime,
): Promise<{ begins: readonly string[]; successors: readonly string[] }> {
  const planned = await Promise.all(next.containers.map(measure));
  const { measured, successors } = await startingPoint(next, planned, earlier);
  return {
    begins: measured.map(({ imageRef }) => imageRef.slice(-1)),
    successors: successors.map((container) => container.image?.slice(-1) ?? ''),
  };
}

const web = (digit: string, fields: object = {}): object => ({
  name: 'web',
  image: image(digit),
  port: 8000,
  ...fields,
});

test('what runs and has changed in the file goes on until it has been replaced', async () => {
  const earlier = await ranWith(file(web('1')));
  expect(await decide(file(web('2')), earlier)).toEqual({ begins: ['1'], successors: ['2'] });
});

test('what has not changed, or in nothing that is measured, is simply what it is', async () => {
  const earlier = await ranWith(file(web('1')));
  const same = file(web('1', { restart: { policy: 'never' } }));
  expect(await decide(same, earlier)).toEqual({ begins: ['1'], successors: [] });
});

test('what was loaded in the place of a workload of the file gives way to it in the same way', async () => {
  const inFile = await ranWith(file(web('1')));
  const loaded = await ranWith(file(web('3')));
  const { fromFile } = inFile.left;
  const earlier = { ...loaded, left: { workloads: loaded.left.fromFile, fromFile } };
  expect(await decide(file(web('1')), earlier)).toEqual({ begins: ['3'], successors: ['1'] });
});

test.each([
  ['does not run', { records: [] }],
  ['is not in the log of this boot', { events: [] }],
  ['is not known any more', { left: { workloads: [], fromFile: [] } }],
])('what %s is not waited for', async (_case, change) => {
  const earlier = { ...(await ranWith(file(web('1')))), ...change };
  expect(await decide(file(web('2')), earlier)).toEqual({ begins: ['2'], successors: [] });
});

test('what does not fit the new file is not waited for', async () => {
  const earlier = await ranWith(file(web('1', { hostname: 'shop.example.com' })));
  const other = { ...web('2'), name: 'shop', port: 8001 };
  const next = file(web('2'), other);
  expect(await decide(next, earlier)).toEqual({ begins: ['2', '2'], successors: [] });
});

test('a process is ended and started', async () => {
  const command = ['/bin/sh', '-c', 'x'];
  const process = { name: 'web', runtime: 'process', port: 8000 };
  const earlier = await ranWith(file({ ...process, command }));
  const next = file({ ...process, command: ['/bin/sh', '-c', 'y'] });
  expect((await decide(next, earlier)).successors).toEqual([]);
});
