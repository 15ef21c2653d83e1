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
      records.put(record('a')),
      records.put(record('b', 7)),
      records.put(record('c')),
      records.remove('a'),
      records.remove('unknown'),
    ]);
    expect((await WorkloadRecords.open(path, 'boot')).list()).toEqual([
      record('b', 7),
      record('c'),
    ]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('of another boot of the kernel are dropped', async () => {
    const path = await file();
    await (await WorkloadRecords.open(path, 'boot')).put(record('a'));
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
    await (await WorkloadRecords.open(path, 'boot')).put(record('a', 7));
    const text = await readFile(path, 'utf8');
    const changed = text.replace(new RegExp(`"${field}":("[^"]*"|\\d+)`), `"${field}":${value}`);
    expect(changed).not.toBe(text);
    await writeFile(path, changed);
    await expect(WorkloadRecords.open(path, 'boot')).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_RECORDS_INVALID',
    });
  });

  test.each(['', '[]', 'null', '{"version":2,"boot_id":"boot","workloads":[]}'])(
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
