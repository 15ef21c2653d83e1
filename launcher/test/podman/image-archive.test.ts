// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { archivedBytes, imageArchive } from '../../src/podman/image-archive.ts';
import { digestOf, testImage } from './test-image.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'archive-'));
});

afterEach(() => rm(directory, { recursive: true }));

async function imageOnDisk(contents: readonly string[]) {
  const image = testImage(contents, directory);
  for (const [at, { file }] of image.layers.entries()) await writeFile(file, contents[at]!);
  return image;
}

/** The files of an archive, read by a library. */
async function filesOf(archive: Uint8Array): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const unpacker = extract();
  unpacker.end(Buffer.from(archive));
  for await (const entry of unpacker) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk as Uint8Array);
    files.set(entry.header.name, Buffer.concat(chunks).toString());
  }
  return files;
}

test('an image layout with every blob under its digest', async () => {
  const contents = ['x'.repeat(512), 'odd', '', 'odd', 'y'.repeat(2_000_000)];
  const image = await imageOnDisk(contents);
  const counts: number[] = [];
  const archive = await buffer(imageArchive(image, (bytes) => counts.push(bytes)));
  expect(counts.at(-1)).toBe(archivedBytes(image));
  const files = await filesOf(archive);
  expect([...files.keys()].slice(0, 2)).toEqual(['oci-layout', 'index.json']);
  expect(JSON.parse(files.get('oci-layout')!)).toEqual({ imageLayoutVersion: '1.0.0' });
  const { mediaType, digest, size } = image.manifest;
  expect(JSON.parse(files.get('index.json')!)).toEqual({
    schemaVersion: 2,
    manifests: [{ mediaType, digest, size }],
  });
  const blobs = [...files].slice(2);
  for (const [name, content] of blobs)
    expect(name).toBe(`blobs/${digestOf(content).replace(':', '/')}`);
  // A layer that occurs twice is there once.
  expect(blobs.length).toBe(2 + 4);
});

test('tar reads it', async () => {
  const image = await imageOnDisk(['layer']);
  const file = join(directory, 'archive.tar');
  await writeFile(file, await buffer(imageArchive(image, () => undefined)));
  const into = join(directory, 'unpacked');
  execFileSync('mkdir', [into]);
  execFileSync('tar', ['-xf', file, '-C', into]);
  const { digest } = image.layers[0]!.descriptor;
  expect(await readFile(join(into, 'blobs/sha256', digest.slice(7)), 'utf8')).toBe('layer');
});

test.each(['short', 'longer than it was', ''])(
  'a blob that is now "%s" breaks it off',
  async (now) => {
    const image = await imageOnDisk(['layer as it was']);
    await writeFile(image.layers[0]!.file, now);
    await expect(buffer(imageArchive(image, () => undefined))).rejects.toThrow(
      'does not have its 15 bytes',
    );
  },
);

test('a blob that is gone breaks it off', async () => {
  const image = await imageOnDisk(['layer']);
  await rm(image.layers[0]!.file);
  await expect(buffer(imageArchive(image, () => undefined))).rejects.toThrow('ENOENT');
});

test('a size of more than eleven octal digits is written in binary', async () => {
  const image = await imageOnDisk(['layer']);
  const [layer] = image.layers;
  const huge = { ...layer!, descriptor: { ...layer!.descriptor, size: 2 ** 33 + 5 } };
  const sizes: (number | undefined)[] = [];
  const archive = imageArchive({ ...image, layers: [huge] }, () => undefined);
  const unpacker = extract();
  unpacker.on('entry', (header, stream, next) => {
    sizes.push(header.size);
    stream.resume();
    stream.on('end', () => {
      next();
    });
  });
  await archive.forEach((chunk: Buffer) => void unpacker.write(chunk)).catch(() => undefined);
  expect(sizes.at(-1)).toBe(2 ** 33 + 5);
});
