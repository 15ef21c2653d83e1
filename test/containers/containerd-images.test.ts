// SPDX-License-Identifier: Apache-2.0
import { readdir, writeFile } from 'node:fs/promises';
import { waitFor } from '@proofgate/daemon';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ContainerEngine } from '../../launcher/src/container/container-engine.ts';
import type { VerifiedImage } from '../../launcher/src/image/verified-image.ts';
import { memorySink } from './support/memory-sink.ts';
import type { LayerInput } from './support/oci-image.ts';
import { busyboxImage } from './support/oci-programs.ts';
import { containerdStage, type ContainerdStage } from './support/private-containerd.ts';
import { strictSpec } from './support/runc-bundle.ts';

const forever = new AbortController().signal;

let stage: ContainerdStage;
let engine: ContainerEngine;

beforeAll(async () => {
  stage = await containerdStage();
  engine = (await stage.open()).engine;
});

afterEach(async () => {
  for (const { id } of await engine.list()) await engine.remove(id);
  for (const pin of await engine.images()) await engine.removeImage(pin);
  await expectNothingLeft();
});

afterAll(() => stage.close());

function layer(
  name: string,
  compression: 'none' | 'gzip' | 'zstd' = 'gzip',
  bytes = 10,
): LayerInput {
  return { entries: [{ name, content: Buffer.alloc(bytes, name) }], compression };
}

/** An image with some layers above busybox. */
function layered(...layers: readonly LayerInput[]): Promise<VerifiedImage> {
  return stage.image(busyboxImage({ layers }));
}

async function unpack(image: VerifiedImage, signal = forever): Promise<readonly number[]> {
  const progress: number[] = [];
  await engine.unpack(image, { signal, onProgress: (fraction) => progress.push(fraction) });
  return progress;
}

/** What a container sees. */
async function printedBy(image: VerifiedImage, ...args: readonly string[]): Promise<string> {
  const logs = memorySink();
  const spec = strictSpec({ id: 'reader', args });
  await engine.create(spec, image, logs);
  await engine.start(spec.id);
  await engine.wait(spec.id, forever);
  await engine.remove(spec.id);
  return logs.text('stdout');
}

async function snapshotNames(): Promise<readonly string[]> {
  const lines = (await stage.ctr('snapshots', 'ls')).trim().split('\n').slice(1);
  return lines.map((line) => line.split(/\s+/)[0]!);
}

/** Nothing in containerd's database, nothing of layers on disk. */
async function expectNothingLeft(): Promise<void> {
  const root = `${stage.options.dataDir}/containerd/root`;
  const unpacked = `${root}/io.containerd.snapshotter.v1.overlayfs/snapshots`;
  const content = `${root}/io.containerd.content.v1.content`;
  await waitFor(async () => (await readdir(unpacked)).length === 0, { timeoutMs: 5_000 });
  expect(await snapshotNames()).toEqual([]);
  expect(await stage.ctr('content', 'ls', '-q')).toBe('');
  expect(await stage.ctr('leases', 'ls', '-q')).toBe('');
  expect(await readdir(`${content}/ingest`)).toEqual([]);
  const blobs = await readdir(`${content}/blobs/sha256`).catch(() => []);
  expect(blobs).toEqual([]);
}

test('unpacks layers of every compression and says how far it is', async () => {
  const image = await layered(layer('a', 'none'), layer('b', 'gzip'), layer('c', 'zstd'));
  const progress = await unpack(image);
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
  expect([progress.length > 4, progress.at(-1)]).toEqual([true, 1]);
  expect(await engine.images()).toEqual([image.pin]);
  expect(await printedBy(image, '/bin/cat', '/a', '/b', '/c')).toBe(
    'a'.repeat(10) + 'b'.repeat(10) + 'c'.repeat(10),
  );
  // The launcher has the layers; containerd need not keep them as well.
  expect(await stage.ctr('content', 'ls', '-q')).toBe('');
});

test('does not unpack what is unpacked', async () => {
  const image = await layered(layer('a'));
  await unpack(image);
  expect(await unpack(image)).toEqual([1]);
});

test('shares layers between images that are unpacked side by side, and between one after the other', async () => {
  const images = [
    await layered(layer('a', 'gzip', 2 ** 20), layer('b')),
    await layered(layer('a', 'gzip', 2 ** 20), layer('c')),
    await layered(layer('a', 'gzip', 2 ** 20)),
  ];
  await Promise.all(images.slice(1).map((image) => unpack(image)));
  await unpack(images[0]!);
  expect(await snapshotNames()).toHaveLength(4);
  expect((await engine.images()).toSorted()).toEqual(images.map(({ pin }) => pin).sort());
  await engine.removeImage(images[2]!.pin);
  await engine.removeImage(images[1]!.pin);
  expect(await snapshotNames()).toHaveLength(3);
  expect(await printedBy(images[0]!, '/bin/cat', '/b')).toBe('b'.repeat(10));
});

test('keeps what a container needs when its image is removed', async () => {
  const image = await layered(layer('a'));
  await unpack(image);
  const spec = strictSpec({ id: 'user', args: ['/bin/sleep', '100'] });
  await engine.create(spec, image, memorySink());
  await engine.removeImage(image.pin);
  await engine.removeImage(image.pin);
  expect(await engine.images()).toEqual([]);
  await engine.start(spec.id);
  const { stdout } = await engine.exec(spec.id, {
    argv: ['/bin/cat', '/a'],
    timeoutMs: 9_000,
    maxOutputBytes: 99,
  });
  expect(Buffer.from(stdout).toString()).toBe('a'.repeat(10));
});

test('refuses a layer whose content is not what was verified', async () => {
  const image = await layered(layer('a'), layer('b'));
  const layers = image.layers.map((part) => ({ ...part }));
  layers[1]!.diffId = layers[2]!.diffId;
  await expect(unpack({ ...image, layers })).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_IMAGE_MISMATCH',
    expected: layers[2]!.diffId,
    seen: image.layers[1]!.diffId,
  });
  expect(await engine.images()).toEqual([]);
});

test('refuses a layer that has changed on disk since it was verified, or is gone', async () => {
  const image = await layered(layer('a', 'none'), layer('b', 'none'));
  const file = image.layers[2]!.file;
  await writeFile(file, Buffer.alloc(image.layers[2]!.descriptor.size, 1));
  const mismatch = { code: 'ERR_LAUNCHER_IMAGE_MISMATCH' };
  await expect(unpack(image)).rejects.toMatchObject(mismatch);
  await writeFile(file, 'short');
  await expect(unpack(image)).rejects.toMatchObject(mismatch);
  const layers = image.layers.map((part) => ({ ...part, file: '/no/such/file' }));
  await expect(unpack({ ...image, layers })).rejects.toMatchObject(mismatch);
});

test('refuses an archive that points out of the root', async () => {
  const entries = [{ name: 'x', type: 'link', target: '../../../../../../etc/hostname' }] as const;
  const image = await layered({ entries });
  await expect(unpack(image)).rejects.toMatchObject({ code: 'ERR_LAUNCHER_ENGINE_REFUSED' });
});

test('stops when told and can be asked again', async () => {
  const image = await layered(layer('a', 'none', 8 * 2 ** 20), layer('b', 'none', 8 * 2 ** 20));
  const stop = new AbortController();
  const stopped = engine.unpack(image, {
    signal: stop.signal,
    onProgress: (fraction) => {
      if (fraction > 0.3) stop.abort(new Error('enough'));
    },
  });
  await expect(stopped).rejects.toThrow('enough');
  await unpack(image);
});
