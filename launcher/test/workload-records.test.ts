// SPDX-License-Identifier: Apache-2.0
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { WorkloadRecords, type WorkloadRecord } from '../src/supervision/workload-records.ts';
import { temporaryDirectory } from './fixtures.ts';

const record = (name: string, ownUid?: number): WorkloadRecord => ({
  name,
  imageDigest: 'a',
  specDigest: 'b',
  instance: {
    runtime: 'process',
    pid: 12,
    startTime: 34,
    ...(ownUid === undefined ? {} : { ownUid }),
  },
});

async function file(): Promise<string> {
  return join(await temporaryDirectory(), 'workloads.json');
}

describe('the records of running workloads', () => {
  test('are there for the next launcher', async () => {
    const path = await file();
    const records = await WorkloadRecords.open(path, 'boot');
    expect(records.list()).toEqual([]);
    await Promise.all([
      records.put('a', record('a')),
      records.put('b', record('b', 7)),
      records.put('c', record('c')),
      records.remove('a'),
      records.remove('unknown'),
    ]);
    const next = await WorkloadRecords.open(path, 'boot');
    expect(next.list()).toMatchObject([record('b', 7), record('c')]);
    // Two versions of one workload may run at a time.
    await next.put(next.newKey(), record('b', 8));
    expect(next.list()).toMatchObject([record('b', 7), record('c'), record('b', 8)]);
    const [first] = next.list();
    await next.remove(first!.key);
    expect(next.list()).toMatchObject([record('c'), record('b', 8)]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('of another boot of the kernel are dropped', async () => {
    const path = await file();
    await (await WorkloadRecords.open(path, 'boot')).put('a', record('a'));
    expect((await WorkloadRecords.open(path, 'later')).list()).toEqual([]);
  });

  test.each([
    ['pid', '0'],
    ['pid', '-1'],
    ['pid', '1.5'],
    ['pid', '"12"'],
    ['start_time', 'null'],
    ['own_uid', '0'],
    ['runtime', '"podman"'],
    ['name', '1'],
    ['image_digest', 'null'],
    ['spec_digest', 'null'],
  ])('are refused when %s is %s', async (field, value) => {
    const path = await file();
    await (await WorkloadRecords.open(path, 'boot')).put('a', record('a', 7));
    const text = await readFile(path, 'utf8');
    const changed = text.replace(new RegExp(`"${field}":("[^"]*"|\\d+)`), `"${field}":${value}`);
    expect(changed).not.toBe(text);
    await writeFile(path, changed);
    await expect(WorkloadRecords.open(path, 'boot')).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_RECORDS_INVALID',
    });
  });

  test('of containers are there as well', async () => {
    const path = await file();
    const instance = {
      runtime: 'containerd',
      id: 'web-0a1b2c3d',
      slot: 0,
      port: 8000,
      stopSignal: 15,
      startedAt: 1_700_000_000_000,
      egress: true,
    } as const;
    const stored = { ...record('a'), instance };
    await (await WorkloadRecords.open(path, 'boot')).put('a', stored);
    expect((await WorkloadRecords.open(path, 'boot')).list()).toMatchObject([stored]);
  });

  test('of version 1 are read', async () => {
    const path = await file();
    const digests = { image_digest: 'a', spec_digest: 'b' };
    const old = { name: 'a', ...digests, runtime: 'process', pid: 12, start_time: 34, own_uid: 7 };
    await writeFile(path, JSON.stringify({ version: 1, boot_id: 'boot', workloads: [old] }));
    expect((await WorkloadRecords.open(path, 'boot')).list()).toMatchObject([record('a', 7)]);
  });

  test.each(['', '[]', 'null', '{"version":3,"boot_id":"boot","workloads":[]}'])(
    'are refused when the file holds %j',
    async (text) => {
      const path = await file();
      await writeFile(path, text);
      await expect(WorkloadRecords.open(path, 'boot')).rejects.toMatchObject({
        code: 'ERR_LAUNCHER_RECORDS_INVALID',
      });
    },
  );
});
