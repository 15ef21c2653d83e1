// SPDX-License-Identifier: Apache-2.0
import { appendFile, mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  buildImage,
  writeLayout,
  type BuiltImage,
} from '../../../test/containers/support/oci-image.ts';
import { filesIn, noSignal, refusalOf, testRegistry, testStore } from './store-stage.ts';

const SHARED = { entries: [{ name: 'shared', content: 'x'.repeat(10_000) }] };
const FIRST = buildImage({ layers: [SHARED, { entries: [{ name: 'first' }] }], index: true });
const SECOND = buildImage({ layers: [SHARED, { entries: [{ name: 'second' }] }] });

describe('a layout on disk', () => {
  test('is loaded like an image from a registry', async () => {
    const { store, directory } = await testStore();
    await writeLayout(join(directory, 'layouts', 'apps', 'first'), FIRST);
    const reference = `disk://apps/first@${FIRST.pin}`;
    const image = await store.pull(reference, { signal: noSignal() });
    expect(image.layers.map(({ diffId }) => diffId)).toEqual(FIRST.diffIds);
    await rm(join(directory, 'layouts'), { recursive: true });
    expect((await store.find(reference, { verify: true }))?.pin).toBe(FIRST.pin);
  });

  test('may be in a directory of its own', async () => {
    const { directory: layoutsDirectory } = await testStore();
    await writeLayout(join(layoutsDirectory, 'first'), FIRST);
    const { store } = await testStore({ layoutsDirectory });
    await store.pull(`disk://first@${FIRST.pin}`, { signal: noSignal() });
  });

  test.each<[string, (layouts: string) => Promise<void>, string]>([
    ['is not there', async () => undefined, 'ERR_LAUNCHER_IMAGE_NOT_FOUND'],
    [
      'is a link that leads out',
      async (layouts) => {
        await writeLayout(join(layouts, '..', 'outside'), FIRST);
        await mkdir(layouts, { recursive: true });
        await symlink('../outside', join(layouts, 'app'));
      },
      'ERR_LAUNCHER_IMAGE_NOT_FOUND',
    ],
    [
      'has another image',
      async (layouts) => {
        await writeLayout(join(layouts, 'app'), SECOND);
      },
      'ERR_LAUNCHER_IMAGE_NOT_FOUND',
    ],
    [
      'has a layer that is a link',
      async (layouts) => {
        await writeLayout(join(layouts, 'app'), FIRST);
        const path = blobIn(join(layouts, 'app'), FIRST.layers[0]!.digest);
        await rm(path);
        await symlink('/etc/hostname', path);
      },
      'ERR_LAUNCHER_IMAGE_NOT_FOUND',
    ],
    [
      'has a damaged layer',
      async (layouts) => {
        await writeLayout(join(layouts, 'app'), FIRST);
        await appendFile(blobIn(join(layouts, 'app'), FIRST.layers[1]!.digest), 'x');
      },
      'ERR_LAUNCHER_IMAGE_MISMATCH',
    ],
    [
      'has a layer that is cut off',
      async (layouts) => {
        await writeLayout(join(layouts, 'app'), FIRST);
        const path = blobIn(join(layouts, 'app'), FIRST.layers[0]!.digest);
        await writeFile(path, (await readFile(path)).subarray(0, -1));
      },
      'ERR_LAUNCHER_IMAGE_MISMATCH',
    ],
    [
      'has a manifest that is too large',
      async (layouts) => {
        await writeLayout(join(layouts, 'app'), FIRST);
        await writeFile(blobIn(join(layouts, 'app'), FIRST.pin), Buffer.alloc(5 * 1024 * 1024));
      },
      'ERR_LAUNCHER_IMAGE_TOO_LARGE',
    ],
  ])('is refused when it %s', async (_, prepare, code) => {
    const { store, directory } = await testStore();
    const layouts = join(directory, '..', 'layouts');
    await prepare(layouts);
    const { store: other } = await testStore({ layoutsDirectory: layouts, directory });
    const pull = other.pull(`disk://app@${FIRST.pin}`, { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe(code);
    expect(await filesIn(directory)).toEqual(new Map());
    await store.close();
  });
});

describe('an image on disk', () => {
  test.each<[string, string, boolean]>([
    ['its pinned document', FIRST.pin, false],
    ['its manifest', FIRST.manifest.digest, false],
    ['its configuration', FIRST.config.digest, false],
    ['a layer', FIRST.layers[0]!.digest, true],
  ])('is fetched again as far as it is damaged: %s', async (_, digest, onlyWhenAsked) => {
    const { store, directory, reference, registry } = await pulled();
    const path = blobIn(directory, digest);
    const bytes = await readFile(path);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(path, bytes);
    const verify = true;
    expect((await store.find(reference)) === undefined).toBe(!onlyWhenAsked);
    expect(await store.find(reference, { verify })).toBeUndefined();
    registry.requests.length = 0;
    await store.pull(reference, { signal: noSignal(), verify });
    expect(await store.find(reference, { verify })).toBeDefined();
    const layers = FIRST.layers.filter((layer) => registry.requestsFor(layer.digest).length > 0);
    expect(layers.map((layer) => layer.digest)).toEqual(onlyWhenAsked ? [digest] : []);
  });

  test('is missing when anything of it is', async () => {
    for (const { digest } of FIRST.blobs) {
      const { store, directory, reference } = await pulled();
      await rm(blobIn(directory, digest));
      expect(await store.find(reference)).toBeUndefined();
      await store.pull(reference, { signal: noSignal() });
      expect(await store.find(reference)).toBeDefined();
    }
  });

  test('a layer of another size is noticed without being asked', async () => {
    const { store, directory, reference } = await pulled();
    await appendFile(blobIn(directory, FIRST.layers[0]!.digest), 'x');
    expect(await store.find(reference)).toBeUndefined();
  });

  test.each([
    '',
    '{}',
    'null',
    '{"version":1}',
    `{"version":1,"diffId":"x","unpackedSize":-1,"findings":{}}`,
  ])('a layer whose facts are %j is looked at again', async (facts) => {
    const { store, directory, reference, registry } = await pulled();
    const path = join(directory, 'facts', FIRST.layers[0]!.digest.slice(7));
    const before = await readFile(path, 'utf8');
    await writeFile(path, facts);
    registry.requests.length = 0;
    expect(await store.find(reference)).toBeDefined();
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(registry.requests).toEqual([]);
  });

  test('facts that lie are refused by the configuration', async () => {
    const { store, directory, reference } = await pulled();
    const path = join(directory, 'facts', FIRST.layers[0]!.digest.slice(7));
    const facts = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...facts, diffId: `sha256:${'0'.repeat(64)}` }));
    expect((await refusalOf(store.find(reference))).code).toBe('ERR_LAUNCHER_IMAGE_MISMATCH');
    expect(await store.find(reference, { verify: true })).toBeDefined();
  });
});

describe('collectGarbage', () => {
  test('keeps what is kept, and what it shares', async () => {
    const { store, directory } = await testStore();
    const registry = await testRegistry();
    const [first, second] = [registry.add('app', FIRST), registry.add('app', SECOND)];
    await store.pull(first, { signal: noSignal() });
    await store.pull(second, { signal: noSignal() });
    const { blobs, bytes } = await store.collectGarbage([SECOND.pin]);
    const gone = FIRST.blobs.filter(({ digest }) =>
      SECOND.blobs.every((blob) => blob.digest !== digest),
    );
    expect(blobs).toBe(gone.length);
    expect(bytes).toBe(gone.reduce((sum, { size }) => sum + size, 0));
    expect(await store.find(first)).toBeUndefined();
    expect(await store.find(second, { verify: true })).toBeDefined();
    await store.collectGarbage(['sha256:unknown', FIRST.pin]);
    expect(await filesIn(directory)).toEqual(new Map());
  });

  test('leaves a pull alone that is under way', async () => {
    const { store } = await testStore();
    const registry = await testRegistry();
    const reference = registry.add('app', FIRST);
    const late = FIRST.layers[1]!;
    registry.fail(late.digest, { kind: 'slow', bytes: 20, everyMs: 5 });
    const pull = store.pull(reference, { signal: noSignal() });
    let running = true;
    const ended = pull.finally(() => {
      running = false;
    });
    while (running) {
      await store.collectGarbage([FIRST.pin]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ended;
    expect(await store.find(reference, { verify: true })).toBeDefined();
  });

  test('keeps what has arrived of a layer for a day', async () => {
    const { store, directory } = await testStore({ timing: { tries: 1 } });
    const registry = await testRegistry();
    const image = buildImage({ layers: [SHARED] });
    registry.fail(image.layers[0]!.digest, { kind: 'status', status: 503 });
    const pull = store.pull(registry.add('app', image), { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe('ERR_LAUNCHER_REGISTRY_UNAVAILABLE');
    const partial = join(directory, 'partial', 'a'.repeat(64));
    const temporary = join(directory, 'facts', `.${'a'.repeat(64)}.tmp`);
    for (const path of [partial, temporary]) await writeFile(path, 'x');
    await store.collectGarbage([]);
    const left = new Map([partial, temporary].map((path) => [path.slice(directory.length + 1), 1]));
    expect(await filesIn(directory)).toEqual(left);
    const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1_000);
    for (const path of [partial, temporary]) await utimes(path, longAgo, longAgo);
    await store.collectGarbage([]);
    expect(await filesIn(directory)).toEqual(new Map());
  });
});

async function pulled(image: BuiltImage = FIRST) {
  const registry = await testRegistry();
  const { store, directory } = await testStore();
  const reference = registry.add('app', image);
  await store.pull(reference, { signal: noSignal() });
  return { registry, store, directory, reference };
}

function blobIn(directory: string, digest: string): string {
  return join(directory, 'blobs', 'sha256', digest.slice(7));
}
