// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@proofgate/daemon';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { VolumeBackend, VolumePlace } from '../../src/volumes/encrypted-volume.ts';
import { EncryptedVolumes, MIN_VOLUME_BYTES } from '../../src/volumes/encrypted-volumes.ts';

/** A machine that remembers what is open, and does what it is told. */
class FakeMachine implements VolumeBackend {
  readonly kind = 'luks2' as const;
  readonly open = new Set<string>();
  readonly keys: Buffer[] = [];
  readonly seen: string[] = [];
  failure: Error | undefined;

  async create(place: VolumePlace, sizeBytes: number, key: Buffer): Promise<void> {
    this.keys.push(key);
    this.seen.push(key.toString());
    await mkdir(join(place.mountPoint, 'lost+found'));
    expect((await stat(place.image)).size).toBe(sizeBytes);
    this.open.add(place.deviceName);
    if (this.failure !== undefined) throw this.failure;
  }

  isOpen({ deviceName }: VolumePlace): Promise<boolean> {
    return Promise.resolve(this.open.has(deviceName));
  }

  async close({ deviceName, mountPoint }: VolumePlace): Promise<void> {
    this.open.delete(deviceName);
    // What was in it is not to be seen any more.
    for (const name of await readdir(mountPoint).catch(() => [])) {
      await rm(join(mountPoint, name), { recursive: true });
    }
  }

  grow(): Promise<void> {
    return Promise.resolve();
  }
}

const REQUEST = {
  name: 'app',
  sizeBytes: MIN_VOLUME_BYTES + 100,
  uid: process.getuid!(),
  gid: process.getgid!(),
};

let parent: string;
let machine: FakeMachine;
let volumes: EncryptedVolumes;
let drawn: number;

function launcher(): EncryptedVolumes {
  return new EncryptedVolumes({
    owner: '0a1b2c3d',
    directory: join(parent, 'data'),
    mountDirectory: join(parent, 'run'),
    backend: machine,
    run: async ({ args }) => {
      const [, length, image] = args;
      await writeFile(image!, '');
      await truncate(image!, Number(length));
    },
    random: (bytes) => {
      drawn += 1;
      return new Uint8Array(bytes).fill(drawn === 1 ? 0xa5 : drawn);
    },
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
}

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'volumes-'));
  machine = new FakeMachine();
  volumes = launcher();
  drawn = 0;
});

afterEach(() => rm(parent, { recursive: true }));

test('a new volume is empty, has whole blocks, and belongs to its user', async () => {
  const volume = await volumes.open(REQUEST);
  expect(volume).toEqual({
    name: 'app',
    kind: 'luks2',
    keyOrigin: 'generated',
    sizeBytes: MIN_VOLUME_BYTES,
    directory: join(parent, 'run/app'),
  });
  expect(machine.open).toEqual(new Set(['proofgate-0a1b2c3d-app']));
  expect(await readdir(volume.directory)).toEqual([]);
  expect((await stat(volume.directory)).mode & 0o777).toBe(0o700);
});

test('every volume has a key of its own, printable, which is wiped', async () => {
  await volumes.open(REQUEST);
  await volumes.open({ ...REQUEST, name: 'other' });
  expect(machine.seen).toEqual(['a5'.repeat(32), '02'.repeat(32)]);
  for (const key of machine.keys) expect(key.every((byte) => byte === 0)).toBe(true);
});

test('an open volume is found again, by whoever asks', async () => {
  const [first, second] = await Promise.all([volumes.open(REQUEST), volumes.open(REQUEST)]);
  expect(second).toEqual(first);
  expect(await launcher().open(REQUEST)).toEqual(first);
  expect(drawn).toBe(1);
});

test('a volume that is not open any more is made anew', async () => {
  await volumes.open(REQUEST);
  machine.open.clear();
  expect(await volumes.list()).toMatchObject([{ name: 'app', mounted: false }]);
  await launcher().open(REQUEST);
  expect(drawn).toBe(2);
  expect(await volumes.list()).toMatchObject([{ name: 'app', mounted: true }]);
});

test('a volume that is open keeps its size until it grows', async () => {
  await volumes.open(REQUEST);
  const larger = { ...REQUEST, sizeBytes: 2 * MIN_VOLUME_BYTES };
  await expect(volumes.open(larger)).rejects.toMatchObject({ code: 'ERR_LAUNCHER_VOLUME_REFUSED' });
  await volumes.grow('app', larger.sizeBytes);
  // As the workload declared it: its next start must not fail because somebody gave it more.
  for (const request of [larger, REQUEST]) {
    expect(await volumes.open(request)).toMatchObject({ sizeBytes: larger.sizeBytes });
  }
  await expect(volumes.grow('app', MIN_VOLUME_BYTES)).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_VOLUME_REFUSED',
  });
  machine.open.clear();
  await expect(volumes.grow('app', larger.sizeBytes)).rejects.toThrow('not open');
});

test('what could not be made leaves nothing', async () => {
  machine.failure = new Error('no');
  await expect(volumes.open(REQUEST)).rejects.toThrow('no');
  expect(machine.open.size).toBe(0);
  expect(await readdir(join(parent, 'data'))).toEqual([]);
  expect(await readdir(join(parent, 'run'))).toEqual([]);
  expect(machine.keys[0]!.every((byte) => byte === 0)).toBe(true);
  machine.failure = undefined;
  await volumes.open(REQUEST);
});

test('a volume that says it is open but is not is refused', async () => {
  const never = Object.assign(machine, { isOpen: () => Promise.resolve(false) });
  await expect(volumes.open(REQUEST)).rejects.toThrow('not open');
  expect(never.open.size).toBe(0);
});

test('destroyed volumes are gone, and only those that are to stay stay', async () => {
  for (const name of ['a', 'b', 'c']) await volumes.open({ ...REQUEST, name });
  await volumes.destroy('a');
  await volumes.destroy('a');
  await volumes.destroy('never');
  await launcher().retain(new Set(['c']));
  expect((await volumes.list()).map(({ name }) => name)).toEqual(['c']);
  expect(machine.open).toEqual(new Set(['proofgate-0a1b2c3d-c']));
});

test('too small a volume is refused before anything is made', async () => {
  await expect(volumes.open({ ...REQUEST, sizeBytes: MIN_VOLUME_BYTES - 1 })).rejects.toMatchObject(
    {
      code: 'ERR_LAUNCHER_VOLUME_REFUSED',
    },
  );
  expect(drawn).toBe(0);
});

test.each([
  ['no JSON', '{'],
  ['another kind', '{"kind":"zfs","keyOrigin":"generated","sizeBytes":1}'],
  ['another key', '{"kind":"luks2","keyOrigin":"vault:x","sizeBytes":1}'],
  ['no size', '{"kind":"luks2","keyOrigin":"generated"}'],
  ['no object', 'null'],
])('a record with %s is left alone', async (_what, text) => {
  const record = join(parent, 'data/app/volume.json');
  await mkdir(join(parent, 'data/app'), { recursive: true });
  await writeFile(record, text);
  const refusal = { code: 'ERR_LAUNCHER_VOLUME_REFUSED' };
  await expect(volumes.open(REQUEST)).rejects.toMatchObject(refusal);
  await expect(volumes.destroy('app')).rejects.toMatchObject(refusal);
  await volumes.retain(new Set());
  expect(await volumes.list()).toEqual([]);
  expect(await readFile(record, 'utf8')).toBe(text);
});
