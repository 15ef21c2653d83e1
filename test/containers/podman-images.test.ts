// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ContainerEngine } from '../../launcher/src/container/container-engine.ts';
import type { VerifiedImage } from '../../launcher/src/image/verified-image.ts';
import { EngineSocket } from '../../launcher/src/podman/engine-socket.ts';
import { imageArchive } from '../../launcher/src/podman/image-archive.ts';
import { exportedDiffIds } from '../../launcher/src/podman/exported-layers.ts';
import { openPodman } from '../../launcher/src/podman/open-podman.ts';
import { LIBPOD } from '../../launcher/src/podman/podman-images.ts';
import { memorySink } from './support/memory-sink.ts';
import { buildImage, digestOf, type BuiltImage } from './support/oci-image.ts';
import { busyboxImage } from './support/oci-programs.ts';
import { podmanStage, type PodmanStage } from './support/private-podman.ts';
import { strictSpec } from './support/runc-bundle.ts';

let stage: PodmanStage;
let engine: ContainerEngine;
let socketPath: string;

const forever = new AbortController().signal;

beforeAll(async () => {
  stage = await podmanStage();
  const opened = await stage.open();
  ({ engine } = opened);
  socketPath = opened.socket;
});

afterEach(async () => {
  for (const pin of await engine.images()) await engine.removeImage(pin);
});

afterAll(() => stage.close());

function unpack(image: VerifiedImage, onProgress: (fraction: number) => void = () => undefined) {
  return engine.unpack(image, { signal: forever, onProgress });
}

/** What podman's store holds, whatever its names. */
async function storedLayers(): Promise<number> {
  const path = join(stage.directory, 'podman/storage/overlay-layers/layers.json');
  const text = await readFile(path, 'utf8').catch(() => '[]');
  return (JSON.parse(text) as unknown[]).length;
}

function layered(extra: Partial<Parameters<typeof busyboxImage>[0]> = {}): BuiltImage {
  return busyboxImage({
    files: [{ name: 'etc/one', content: 'one' }],
    layers: [
      { entries: [{ name: 'etc/two', content: 'two' }], compression: 'zstd' },
      { entries: [{ name: 'etc/three', content: 'three' }], compression: 'none' },
    ],
    ...extra,
  });
}

test('loads an image whose layers are compressed in every way, and loads it once', async () => {
  const image = await stage.image(layered());
  const fractions: number[] = [];
  expect(await engine.images()).toEqual([]);
  await unpack(image, (fraction) => fractions.push(fraction));
  expect(await engine.images()).toEqual([image.pin]);
  expect(fractions.at(-1)).toBe(1);
  expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
  expect(await storedLayers()).toBe(4);

  // The blobs are not needed any more.
  for (const { file } of image.layers) await writeFile(file, 'gone');
  const again: number[] = [];
  await unpack(image, (fraction) => again.push(fraction));
  expect(again).toEqual([1]);

  const spec = strictSpec({ args: ['/bin/cat', '/etc/one', '/etc/two', '/etc/three'] });
  const logs = memorySink();
  await engine.create(spec, image, logs);
  await engine.start(spec.id);
  await engine.wait(spec.id, forever);
  expect(logs.text('stdout')).toBe('onetwothree');
  await engine.remove(spec.id);

  await engine.removeImage(image.pin);
  await engine.removeImage(image.pin);
  expect(await engine.images()).toEqual([]);
  expect(await storedLayers()).toBe(0);
});

test('one image under the pins of its manifest and of an index is there until both are gone', async () => {
  const direct = await stage.image(busyboxImage());
  const indexed = await stage.image(busyboxImage({ index: true }));
  expect(indexed.pin).not.toBe(direct.pin);
  await Promise.all([unpack(direct), unpack(indexed), unpack(direct)]);
  expect([...(await engine.images())].sort()).toEqual([direct.pin, indexed.pin].sort());
  await engine.removeImage(direct.pin);
  expect(await engine.images()).toEqual([indexed.pin]);
  expect(await storedLayers()).toBe(1);
});

test('an image in the style of docker keeps its digest', async () => {
  const image = await stage.image(
    buildImage({ docker: true, layers: [{ entries: [{ name: 'a', content: 'a' }] }] }),
  );
  await unpack(image);
  expect(await engine.images()).toEqual([image.pin]);
});

test('a blob that was shortened after it was verified is refused', async () => {
  const image = await stage.image(layered());
  const { file } = image.layers[1]!;
  await writeFile(file, (await readFile(file)).subarray(1));
  await expect(unpack(image)).rejects.toMatchObject({ code: 'ERR_LAUNCHER_IMAGE_MISMATCH' });
  await expectNothing();
});

test.each([
  ['gzip', undefined],
  ['zstd', 'layers that podman does not export'],
] as const)(
  'podman takes an image that lies about its %s layers, and we do not',
  async (compression, shown) => {
    const other = digestOf(Buffer.from('another layer'));
    const built = busyboxImage({
      layers: [{ entries: [{ name: 'x', content: 'x' }], compression }],
    });
    const lying = buildImage({
      layers: built.layers.map(({ bytes }, at) => ({ blob: bytes, tar: Buffer.from(String(at)) })),
      changeConfig: (config) => ({
        ...config,
        rootfs: { type: 'layers', diff_ids: built.diffIds.map(() => other) },
      }),
      changeManifest: (manifest) => ({
        ...manifest,
        layers: built.layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
      }),
    });
    const image = await stage.image({ ...lying, diffIds: built.diffIds.map(() => other) });
    await expect(unpack(image)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_IMAGE_MISMATCH',
      expected: image.layers.map(() => other).join(' '),
      seen: shown ?? built.diffIds.join(' '),
    });
    await expectNothing();
  },
);

test('an image with the same configuration but other layers does not pass for the one that is there', async () => {
  const good = await stage.image(busyboxImage());
  await unpack(good);
  const evil = {
    ...good,
    layers: good.layers.map((layer) => ({ ...layer, diffId: digestOf(Buffer.from('evil')) })),
  };
  await expect(unpack(evil)).rejects.toMatchObject({ code: 'ERR_LAUNCHER_IMAGE_MISMATCH' });
  expect(await engine.images()).toEqual([good.pin]);
});

test('what podman exports are the verified layers', async () => {
  const layers = [{ entries: [{ name: 'x', content: 'x' }], compression: 'none' as const }];
  const image = await stage.image(busyboxImage({ layers }));
  await unpack(image);
  const socket = await EngineSocket.open({ name: 'podman', socketPath });
  const archive = await socket.stream({
    method: 'GET',
    what: 'export',
    path: `${LIBPOD}/images/${image.configDocument.digest.slice(7)}/get`,
    query: { format: 'docker-archive' },
  });
  expect(await exportedDiffIds(archive)).toEqual(image.layers.map(({ diffId }) => diffId));
  socket.close();
});

test('layers that another podman had already are not taken for those that were verified', async () => {
  const image = await stage.image(layered());
  const other = await openPodman({ ...stage.options, owner: 'ffffffff', socket: socketPath });
  const socket = await EngineSocket.open({ name: 'podman', socketPath });
  // Somebody has loaded the same image, and somebody has changed a file of it since.
  const upload = (): Readable => imageArchive(image, () => undefined);
  const path = `${LIBPOD}/images/load`;
  await socket.call({ method: 'POST', what: 'load', path, upload });
  expect(await readFile(await unpackedFile('etc/one'), 'utf8')).toBe('one');
  await writeFile(await unpackedFile('etc/one'), 'evil');

  const unpacked = other.engine.unpack(image, { signal: forever, onProgress: () => undefined });
  await expect(unpacked).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_IMAGE_MISMATCH',
    message: expect.stringMatching(/podman had 4 layers of .* already/) as string,
  });
  expect(await other.engine.images()).toEqual([]);

  // Once they are gone, the image is what was verified; a second one may share what the first has brought.
  const id = image.configDocument.digest.slice(7);
  await socket.callIfThere({ method: 'DELETE', what: 'remove', path: `${LIBPOD}/images/${id}` });
  await other.engine.unpack(image, { signal: forever, onProgress: () => undefined });
  expect(await readFile(await unpackedFile('etc/one'), 'utf8')).toBe('one');
  const wider = await stage.image(
    layered({ layers: [{ entries: [{ name: 'etc/four', content: 'four' }] }] }),
  );
  await other.engine.unpack(wider, { signal: forever, onProgress: () => undefined });
  for (const { pin } of [image, wider]) await other.engine.removeImage(pin);
  expect(await storedLayers()).toBe(0);
  socket.close();
  await other.shutDown();
});

test('an image that an earlier boot has verified is loaded again', async () => {
  const image = await stage.image(layered());
  await unpack(image);
  const rebooted = await openPodman({
    ...stage.options,
    bootId: 'c'.repeat(32),
    socket: socketPath,
  });
  expect(await rebooted.engine.images()).toEqual([]);
  const fractions: number[] = [];
  const onProgress = (fraction: number): void => void fractions.push(fraction);
  await rebooted.engine.unpack(image, { signal: forever, onProgress });
  // Not only named again.
  expect(fractions.length).toBeGreaterThan(1);
  expect(await rebooted.engine.images()).toEqual([image.pin]);
  expect(await engine.images()).toEqual([]);
  await rebooted.engine.removeImage(image.pin);
  expect(await storedLayers()).toBe(0);
  await rebooted.shutDown();
});

test('a load that is given up leaves nothing', async () => {
  const image = await stage.image(layered());
  const giveUp = new AbortController();
  const reason = new Error('changed my mind');
  const onProgress = (): void => {
    giveUp.abort(reason);
  };
  await expect(engine.unpack(image, { signal: giveUp.signal, onProgress })).rejects.toBe(reason);
  expect(await engine.images()).toEqual([]);
  await unpack(image);
  expect(await engine.images()).toEqual([image.pin]);
});

// Last, since podman keeps the layers below the one that it did not take.
test('a blob that was changed after it was verified is refused', async () => {
  const image = await stage.image(layered());
  const [, second] = image.layers;
  const bytes = await readFile(second!.file);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(second!.file, bytes);
  await expect(unpack(image)).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_IMAGE_MISMATCH',
    expected: second!.descriptor.digest,
    seen: digestOf(bytes),
  });
  expect(await engine.images()).toEqual([]);
});

/** Where podman has put a file of an image. */
async function unpackedFile(name: string): Promise<string> {
  const overlay = join(stage.directory, 'podman/storage/overlay');
  const paths = (await readdir(overlay)).map((layer) => join(overlay, layer, 'diff', name));
  return paths.find((path) => existsSync(path)) ?? name;
}

async function expectNothing(): Promise<void> {
  expect(await engine.images()).toEqual([]);
  expect(await storedLayers()).toBe(0);
  expect(await readdir(join(stage.directory, 'podman/tmp'))).toEqual([]);
}
