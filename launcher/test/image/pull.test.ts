// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  buildImage,
  digestOf,
  type ImageInput,
} from '../../../test/containers/support/oci-image.ts';
import { verifiedImageOf } from '../../../test/containers/support/oci-verified.ts';
import {
  filesIn,
  noSignal,
  refusalOf,
  scratchDirectory,
  testRegistry,
  testStore,
} from './store-stage.ts';

const LAYERS: ImageInput['layers'] = [
  {
    entries: [
      { name: 'etc', type: 'directory' },
      { name: 'etc/a', content: randomBytes(300_000) },
    ],
  },
  { entries: [{ name: 'b', content: 'b'.repeat(100_000) }], compression: 'zstd' },
  { entries: [{ name: 'c', content: 'c' }], compression: 'none' },
];

const RUN = {
  Entrypoint: ['/init'],
  Cmd: ['run', '--fast'],
  Env: ['A=b', 'PATH=/bin'],
  User: '10001:10001',
  WorkingDir: '/srv',
  StopSignal: 'SIGINT',
  Labels: { 'org.example.name': 'app' },
  Volumes: { '/data': {} },
};

describe('ImageStore.pull', () => {
  test.each<[string, Pick<ImageInput, 'docker' | 'index'>]>([
    ['a manifest', {}],
    ['an index', { index: true }],
    ['a manifest in the style of Docker', { docker: true }],
    ['an index in the style of Docker', { docker: true, index: true }],
  ])('%s', async (_, input) => {
    const built = buildImage({
      layers: input.docker === true ? LAYERS.slice(0, 1) : LAYERS,
      run: RUN,
      ...input,
    });
    const registry = await testRegistry();
    const { store, directory } = await testStore();
    const reference = registry.add('team/app', built);
    const image = await store.pull(reference, { signal: noSignal() });
    const expected = await verifiedImageOf(built, await scratchDirectory());
    expect(plain(image)).toEqual(
      plain({
        ...expected,
        reference,
        layers: expected.layers.map((layer) => ({
          ...layer,
          file: join(directory, 'blobs', 'sha256', layer.descriptor.digest.slice(7)),
        })),
      }),
    );
    for (const { file, descriptor } of image.layers) {
      expect(digestOf(await readFile(file))).toBe(descriptor.digest);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    }
    expect((await stat(join(directory, 'blobs', 'sha256'))).mode & 0o777).toBe(0o700);
    expect(await partialFiles(directory)).toEqual([]);
  });

  test('asks for each thing once, and for nothing the next time', async () => {
    const built = buildImage({ layers: [...LAYERS, LAYERS[2]!], index: true });
    const registry = await testRegistry();
    const { store, directory } = await testStore();
    const reference = registry.add('app', built);
    await store.pull(reference, { signal: noSignal() });
    const digests = new Set(built.blobs.map(({ digest }) => digest));
    expect(registry.requests).toHaveLength(digests.size);
    const again = await store.pull(reference, { signal: noSignal() });
    expect(again.layers).toHaveLength(4);
    const { store: later } = await testStore({ directory });
    expect(plain(await later.pull(reference, { signal: noSignal() }))).toEqual(plain(again));
    expect(registry.requests).toHaveLength(digests.size);
  });

  test('reports progress up to the sum of the layers', async () => {
    const built = buildImage({ layers: LAYERS });
    const registry = await testRegistry();
    const { store } = await testStore();
    const seen: { done: number; total: number }[] = [];
    const onProgress = (progress: { done: number; total: number }): void => {
      seen.push(progress);
    };
    await store.pull(registry.add('app', built), { signal: noSignal(), onProgress });
    const total = built.layers.reduce((sum, { size }) => sum + size, 0);
    expect(new Set(seen.map((progress) => progress.total))).toEqual(new Set([total]));
    expect(seen.at(-1)?.done).toBe(total);
    const done = seen.map((progress) => progress.done);
    expect(done).toEqual(done.toSorted((left, right) => left - right));
  });

  test('pulls at the same time are one download', async () => {
    const built = buildImage({ layers: LAYERS });
    const other = buildImage({ layers: [LAYERS[0]!, { entries: [{ name: 'other' }] }] });
    const registry = await testRegistry();
    for (const layer of built.layers) {
      registry.fail(layer.digest, { kind: 'slow', bytes: 100_000, everyMs: 20 });
    }
    const { store } = await testStore();
    const references = [registry.add('app', built), registry.add('app', other)];
    const pulls = [0, 1, 0, 1, 0].map((at) => store.pull(references[at]!, { signal: noSignal() }));
    const images = await Promise.all(pulls);
    expect(images.map(({ pin }) => pin)).toEqual(
      [0, 1, 0, 1, 0].map((at) => [built, other][at]!.pin),
    );
    for (const { digest } of [...built.blobs, ...other.blobs]) {
      expect(registry.requestsFor(digest)).toHaveLength(1);
    }
  });

  test('one who gives up does not take the others along', async () => {
    const built = buildImage({ layers: LAYERS });
    const registry = await testRegistry();
    const big = built.layers[0]!;
    registry.fail(big.digest, { kind: 'slow', bytes: 50_000, everyMs: 20 });
    const { store } = await testStore();
    const reference = registry.add('app', built);
    const leaving = new AbortController();
    const left = store.pull(reference, {
      signal: leaving.signal,
      onProgress: ({ done }) => {
        if (done > 100_000) leaving.abort(new Error('enough'));
      },
    });
    const stays = store.pull(reference, { signal: noSignal() });
    await expect(left).rejects.toThrow('enough');
    await stays;
    expect(registry.requestsFor(big.digest)).toHaveLength(1);
  });

  test('when all have given up, the download ends and goes on the next time', async () => {
    const built = buildImage({ layers: LAYERS.slice(0, 1) });
    const layer = built.layers[0]!;
    const registry = await testRegistry();
    registry.fail(layer.digest, { kind: 'hang', after: 290_000 }, 1);
    const { store, directory } = await testStore();
    const reference = registry.add('app', built);
    const leaving = new AbortController();
    const pull = store.pull(reference, {
      signal: leaving.signal,
      onProgress: ({ done }) => {
        if (done > 250_000) leaving.abort(new Error('enough'));
      },
    });
    await expect(pull).rejects.toThrow('enough');
    expect(await store.find(reference)).toBeUndefined();
    const image = await store.pull(reference, { signal: noSignal() });
    expect(digestOf(await readFile(image.layers[0]!.file))).toBe(layer.digest);
    const ranges = registry.requestsFor(layer.digest).map(({ range }) => range);
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=2\d{5}-$/)]);
    expect(await partialFiles(directory)).toEqual([]);
  });

  test('a directory that cannot be used is no fault of the image', async () => {
    const built = buildImage({ layers: LAYERS });
    const registry = await testRegistry();
    const { store, directory } = await testStore();
    await rm(join(directory, 'partial'), { recursive: true });
    const { code } = await refusalOf(
      store.pull(registry.add('app', built), { signal: noSignal() }),
    );
    expect(code).toBe('ERR_LAUNCHER_IMAGE_STORE_FAILED');
  });

  test('another registry is asked when the one that was asked first has nothing', async () => {
    const built = buildImage({ layers: LAYERS.slice(0, 1) });
    const layer = built.layers[0]!;
    const [bad, good] = [await testRegistry(), await testRegistry()];
    bad.fail(layer.digest, { kind: 'bytes', change: (bytes) => Buffer.alloc(bytes.length) });
    const { store } = await testStore();
    const results = await Promise.allSettled([
      store.pull(bad.add('app', built), { signal: noSignal() }),
      store.pull(good.add('app', built), { signal: noSignal() }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });

  test('closing breaks off what is under way', async () => {
    const built = buildImage({ layers: LAYERS });
    const registry = await testRegistry();
    for (const { digest } of built.layers) registry.fail(digest, { kind: 'silence' });
    const { store } = await testStore();
    const pull = store.pull(registry.add('app', built), { signal: noSignal() });
    const ended = expect(pull).rejects.toThrow('closing');
    while (registry.requests.length < 3) await new Promise((resolve) => setImmediate(resolve));
    await store.close();
    await ended;
  });

  test('an image has to fit the limits of the configuration', async () => {
    const built = buildImage({ layers: LAYERS });
    const registry = await testRegistry();
    const reference = registry.add('app', built);
    const packed = built.layers.reduce((sum, { size }) => sum + size, 0);
    const unpacked = built.unpackedSizes.reduce((sum, size) => sum + size, 0);
    const codeWith = async (limits: object): Promise<string> => {
      const { store, directory } = await testStore({ limits });
      const { code } = await refusalOf(store.pull(reference, { signal: noSignal() }));
      expect(await filesIn(directory)).toEqual(new Map());
      return code;
    };
    expect(await codeWith({ maxImageBytes: packed - 1 })).toBe('ERR_LAUNCHER_IMAGE_TOO_LARGE');
    expect(registry.requests.some(({ path }) => path.includes('/blobs/'))).toBe(false);
    expect(await codeWith({ maxImageBytes: unpacked - 1 })).toBe('ERR_LAUNCHER_IMAGE_TOO_LARGE');
    expect(await codeWith({ maxEntries: 3 })).toBe('ERR_LAUNCHER_IMAGE_TOO_LARGE');
    const { store } = await testStore({ limits: { maxImageBytes: unpacked, maxEntries: 4 } });
    await store.pull(reference, { signal: noSignal() });
  });
});

/** With documents as text, which a failed comparison can show. */
function plain(image: object): unknown {
  return JSON.parse(
    JSON.stringify(image, (_, value: unknown) =>
      value instanceof Uint8Array ? createHash('sha256').update(value).digest('hex') : value,
    ),
  );
}

async function partialFiles(directory: string): Promise<readonly string[]> {
  return [...(await filesIn(directory)).keys()].filter((path) => path.startsWith('partial/'));
}
