// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerConfigSchema, type ContainerConfig } from '@proofgate/api';
import { expect, test } from 'vitest';
import { volumeDirectories } from '../../src/container/volumes/volume-directories.ts';
import { volumeList } from '../../src/management/volume-list.ts';
import type { FoundVolume } from '../../src/volumes/encrypted-volume.ts';
import { temporaryDirectory } from '../fixtures.ts';

const GIB = 2 ** 30;

function workload(name: string, fields: object): ContainerConfig {
  const image = `ghcr.io/example/${name}@sha256:${'c0'.repeat(32)}`;
  return containerConfigSchema.parse({ name, image, port: 8000, ...fields });
}

test('volumes are listed with their size, encryption, key and users', async () => {
  const data = await temporaryDirectory();
  expect(await volumeDirectories(data)).toEqual([]);
  for (const name of ['shared', 'left'])
    await mkdir(join(data, 'volumes', name), { recursive: true });
  await writeFile(join(data, 'volumes', 'no-volume'), '');
  const directories = await volumeDirectories(data);
  expect(directories.map(({ name }) => name)).toEqual(['left', 'shared']);
  const disk = { kind: 'directory', size_mb: expect.any(Number) as number };
  const encrypted: FoundVolume = {
    ...{
      name: 'db',
      kind: 'luks2' as const,
      keyOrigin: 'generated',
      sizeBytes: GIB,
      mounted: true,
    },
    ...{ directory: '/x', usedBytes: GIB / 4, availableBytes: GIB / 2 },
  };
  const shared = join(data, 'volumes', 'shared');
  const workloads = [
    workload('db', { storage: '1G' }),
    workload('web', { volumes: [`${shared}:/a`] }),
    workload('api', { volumes: [`${shared}/:/b:ro`] }),
  ];
  expect(volumeList({ encrypted: [encrypted], directories }, workloads)).toEqual([
    {
      ...{ name: 'db', kind: 'luks2', key_origin: 'generated', mounted: true, used_by: ['db'] },
      ...{ size_mb: 1_024, used_mb: 256, avail_mb: 512 },
    },
    { ...disk, name: 'left', mounted: false, used_by: [], avail_mb: expect.any(Number) as number },
    {
      ...{ ...disk, name: 'shared', mounted: true, used_by: ['web', 'api'] },
      avail_mb: expect.any(Number) as number,
    },
  ]);
});
