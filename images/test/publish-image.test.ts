// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  INPUTS_ANNOTATION,
  parseRecipe,
  publishImage,
  verifyLayout,
  type PublishedImage,
  type PublishOptions,
} from '@proofgate/images';

const RECIPE = `
version: "1"
name: sample
description: a sample
created: 2025-01-01T00:00:00Z
user: "65532:65532"
working_dir: /app
entrypoint: [/bin/app]
env: { B: "2", A: "1" }
ports: [8000]
layers:
  - comment: app
    files:
      - { path: /bin/app, from: app.txt, mode: "0755" }
      - { path: /app/text, text: "hello" }
`;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'publish-image-'));
  writeFileSync(join(root, 'app.txt'), 'app');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function publish(folder: string, options: Partial<PublishOptions> = {}): Promise<PublishedImage> {
  return publishImage({
    recipe: parseRecipe(RECIPE, 'image.yaml'),
    root,
    directory: join(root, 'out', folder),
    nodeExecutable: process.execPath,
    architecture: 'x64',
    check: false,
    onProgress: () => undefined,
    ...options,
  });
}

function readBlob(layout: string, digest: string): unknown {
  const file = join(layout, 'blobs/sha256', digest.replace('sha256:', ''));
  return JSON.parse(readFileSync(file, 'utf8'));
}

test('two builds have one digest, whatever the time stamps of their inputs', async () => {
  const first = await publish('a');
  utimesSync(join(root, 'app.txt'), 1, 1);
  const second = await publish('b', { check: true });
  expect(second.digest).toBe(first.digest);
  expect([first.builds, second.builds]).toEqual([1, 2]);
});

test('an input, the time and the CPU each change the digest', async () => {
  const digests = new Set([(await publish('a')).digest]);
  digests.add((await publish('b', { epoch: 1 })).digest);
  digests.add((await publish('c', { architecture: 'arm64' })).digest);
  writeFileSync(join(root, 'app.txt'), 'other');
  digests.add((await publish('d')).digest);
  expect(digests.size).toBe(4);
});

test('manifest and configuration say how the image runs and what it is made of', async () => {
  const image = await publish('a');
  const manifest = readBlob(image.layout, image.digest) as {
    config: { digest: string };
    annotations: Record<string, string>;
  };
  const inputs = readFileSync(image.inputsFile);
  expect(manifest.annotations[INPUTS_ANNOTATION]).toBe(
    createHash('sha256').update(inputs).digest('hex'),
  );
  expect(image.inputs.map(({ path, source }) => `${path} ${source}`)).toEqual([
    '/app/text recipe',
    '/bin/app repository:app.txt',
  ]);
  expect(readBlob(image.layout, manifest.config.digest)).toMatchObject({
    os: 'linux',
    architecture: 'amd64',
    config: {
      User: '65532:65532',
      Env: ['PATH=/usr/bin:/bin', 'A=1', 'B=2'],
      Entrypoint: ['/bin/app'],
      ExposedPorts: { '8000/tcp': {} },
    },
    rootfs: { diff_ids: image.layers.map(({ digest }) => digest) },
  });
});

test('layers unpack with parents that the recipe does not mention', async () => {
  const image = await publish('a');
  const [layer = ''] = (await verifyLayout(image.layout)).layerFiles;
  const names = execFileSync('tar', ['-tf', layer], { encoding: 'utf8' }).trim().split('\n');
  expect(names).toEqual(['app/', 'app/text', 'bin/', 'bin/app']);
});

test('a new build replaces the old one and leaves nothing else behind', async () => {
  await publish('a');
  writeFileSync(join(root, 'app.txt'), 'other');
  const image = await publish('a', { check: true });
  expect((await verifyLayout(image.layout)).digest).toBe(image.digest);
  expect(readdirSync(join(root, 'out')).sort()).toEqual(['a', 'a.inputs.json']);
});

test('a failed build leaves the old image in place', async () => {
  const image = await publish('a');
  rmSync(join(root, 'app.txt'));
  await expect(publish('a')).rejects.toMatchObject({ code: 'ERR_IMAGES_INPUT_UNREADABLE' });
  expect((await verifyLayout(image.layout)).digest).toBe(image.digest);
  expect(readdirSync(join(root, 'out')).sort()).toEqual(['a', 'a.inputs.json']);
});

test('an input that changes between two builds is noticed', async () => {
  const onProgress = (message: string): void => {
    if (message.includes('second')) writeFileSync(join(root, 'app.txt'), 'other');
  };
  await expect(publish('a', { check: true, onProgress })).rejects.toMatchObject({
    code: 'ERR_IMAGES_NOT_REPRODUCIBLE',
  });
});

test.each([
  ['outside the repository', 'from: app.txt', 'from: ../app.txt'],
  ['a path twice', '/app/text', '/bin/app'],
])('%s is refused', async (_, from, to) => {
  const recipe = parseRecipe(RECIPE.replace(from, to), 'image.yaml');
  await expect(publish('a', { recipe })).rejects.toMatchObject({
    code: 'ERR_IMAGES_RECIPE_INVALID',
  });
});

test('an unknown CPU is refused', async () => {
  await expect(publish('a', { architecture: 'mips' })).rejects.toMatchObject({
    code: 'ERR_IMAGES_HOST_UNSUPPORTED',
  });
});

describe('verifyLayout', () => {
  const refusal = { code: 'ERR_IMAGES_LAYOUT_INVALID' };

  test('refuses a blob with one other byte', async () => {
    const { layout, layers } = await publish('a');
    const file = join(layout, 'blobs/sha256', layers[0]?.digest.replace('sha256:', '') ?? '');
    const bytes = readFileSync(file);
    bytes.writeUInt8(bytes.readUInt8(600) ^ 1, 600);
    writeFileSync(file, bytes);
    await expect(verifyLayout(layout)).rejects.toMatchObject(refusal);
  });

  test('refuses a missing blob', async () => {
    const { layout, layers } = await publish('a');
    rmSync(join(layout, 'blobs/sha256', layers[0]?.digest.replace('sha256:', '') ?? ''));
    await expect(verifyLayout(layout)).rejects.toMatchObject(refusal);
  });

  test('refuses a size that is not the blob’s', async () => {
    const { layout } = await publish('a');
    const file = join(layout, 'index.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"size":(\d+)/, '"size":1$1'));
    await expect(verifyLayout(layout)).rejects.toMatchObject(refusal);
  });

  test('refuses an index of two images', async () => {
    const { layout } = await publish('a');
    const file = join(layout, 'index.json');
    const index = JSON.parse(readFileSync(file, 'utf8')) as { manifests: unknown[] };
    index.manifests.push(index.manifests[0]);
    writeFileSync(file, JSON.stringify(index));
    await expect(verifyLayout(layout)).rejects.toMatchObject(refusal);
  });

  test('refuses an empty folder', async () => {
    mkdirSync(join(root, 'empty'));
    await expect(verifyLayout(join(root, 'empty'))).rejects.toMatchObject(refusal);
  });
});
