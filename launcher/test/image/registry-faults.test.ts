// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildImage, digestOf } from '../../../test/containers/support/oci-image.ts';
import type { Fault } from '../../../test/containers/support/oci-registry.ts';
import { filesIn, noSignal, refusalOf, testRegistry, testStore } from './store-stage.ts';

/** One layer that does not compress. */
const IMAGE = buildImage({
  layers: [{ entries: [{ name: 'data', content: randomBytes(1_500_000) }] }],
});
const LAYER = IMAGE.layers[0]!;

describe('transient faults', () => {
  test.each<[string, Fault]>([
    ['a reset', { kind: 'reset' }],
    ['status 500', { kind: 'status', status: 500 }],
    ['status 502', { kind: 'status', status: 502 }],
    ['status 503', { kind: 'status', status: 503 }],
    ['status 408', { kind: 'status', status: 408 }],
    ['status 429', { kind: 'status', status: 429, headers: { 'retry-after': '3600' } }],
    ['a connection that breaks at once', { kind: 'cut', after: 0 }],
  ])('%s passes, for a manifest, a configuration and a layer', async (_, fault) => {
    const registry = await testRegistry();
    const { store } = await testStore();
    const reference = registry.add('app', IMAGE);
    for (const { digest } of IMAGE.blobs) registry.fail(digest, fault, 2);
    await store.pull(reference, { signal: noSignal() });
    for (const { digest } of IMAGE.blobs) expect(registry.requestsFor(digest)).toHaveLength(3);
  });

  test.each(IMAGE.blobs.map(({ digest, mediaType }) => [mediaType, digest] as const))(
    'is unavailable when it does not pass: %s',
    async (_, digest) => {
      const registry = await testRegistry();
      const { store } = await testStore();
      const reference = registry.add('app', IMAGE);
      registry.fail(digest, { kind: 'status', status: 503 });
      const { code } = await refusalOf(store.pull(reference, { signal: noSignal() }));
      expect(code).toBe('ERR_LAUNCHER_REGISTRY_UNAVAILABLE');
      expect(registry.requestsFor(digest)).toHaveLength(3);
    },
  );

  test('a registry that is not there', async () => {
    const registry = await testRegistry();
    const reference = registry.add('app', IMAGE);
    await registry.close();
    const { store } = await testStore();
    const { code } = await refusalOf(store.pull(reference, { signal: noSignal() }));
    expect(code).toBe('ERR_LAUNCHER_REGISTRY_UNAVAILABLE');
  });

  test.each<[string, Fault]>([
    ['never answers', { kind: 'silence' }],
    ['stops in the middle', { kind: 'hang', after: 100_000 }],
    ['trickles', { kind: 'slow', bytes: 10, everyMs: 5 }],
  ])('a registry that %s', async (_, fault) => {
    const registry = await testRegistry();
    const { store } = await testStore({
      timing: { headTimeoutMs: 400, periodMs: 400, minPeriodBytes: 50_000, tries: 5 },
    });
    const reference = registry.add('app', IMAGE);
    registry.fail(LAYER.digest, fault, 1);
    await store.pull(reference, { signal: noSignal() });
    // A busy machine may be too slow another time.
    expect(registry.requestsFor(LAYER.digest).length).toBeGreaterThanOrEqual(2);
  });

  test.each<[string, number]>([
    ['400', 400],
    ['410', 410],
    ['418', 418],
    ['501', 501],
    ['204', 204],
    ['304', 304],
  ])('status %s is not tried again', async (_, status) => {
    const registry = await testRegistry();
    const { store, directory } = await testStore();
    const reference = registry.add('app', IMAGE);
    registry.fail(LAYER.digest, { kind: 'status', status });
    const { code } = await refusalOf(store.pull(reference, { signal: noSignal() }));
    expect(code).toBe('ERR_LAUNCHER_REGISTRY_REFUSED');
    expect(registry.requestsFor(LAYER.digest)).toHaveLength(1);
    expect(await filesIn(directory)).toEqual(new Map());
  });

  test.each(['manifest', 'layer'])('a %s that is not there', async (what) => {
    const registry = await testRegistry();
    const { store, directory } = await testStore();
    const reference = registry.add('app', IMAGE);
    const digest = what === 'manifest' ? IMAGE.pin : LAYER.digest;
    registry.fail(digest, { kind: 'status', status: 404 });
    const { code } = await refusalOf(store.pull(reference, { signal: noSignal() }));
    expect(code).toBe('ERR_LAUNCHER_IMAGE_NOT_FOUND');
    expect(await filesIn(directory)).toEqual(new Map());
  });
});

describe('broken downloads', () => {
  test('go on where they broke off, in one pull', async () => {
    const registry = await testRegistry();
    const { store } = await testStore();
    const reference = registry.add('app', IMAGE);
    registry.fail(LAYER.digest, { kind: 'cut', after: 600_000 }, 2);
    const image = await store.pull(reference, { signal: noSignal() });
    expect(digestOf(await readFile(image.layers[0]!.file))).toBe(LAYER.digest);
    const ranges = registry.requestsFor(LAYER.digest).map(({ range }) => range);
    // What was on its way when the connection broke is lost.
    expect(ranges).toEqual([undefined, expect.any(String), expect.any(String)]);
    const starts = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range!)?.[1]));
    expect(starts[0]).toBeGreaterThan(300_000);
    expect(starts[1]).toBeGreaterThan(starts[0]! + 300_000);
  });

  test('break off as often as they like as long as they get on', async () => {
    const registry = await testRegistry();
    const { store } = await testStore({ timing: { tries: 2 } });
    registry.fail(LAYER.digest, { kind: 'cut', after: 100_000 });
    await store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect(registry.requestsFor(LAYER.digest).length).toBeGreaterThan(10);
  });

  test.each<[string, Fault]>([
    ['ignores the range', { kind: 'ignore-range' }],
    ['does not support it', { kind: 'status', status: 416 }],
    ['answers with another one', { kind: 'wrong-range' }],
  ])('begin anew when the registry %s', async (_, fault) => {
    const registry = await testRegistry();
    const { store } = await testStore();
    const reference = registry.add('app', IMAGE);
    const leaving = new AbortController();
    registry.fail(LAYER.digest, { kind: 'hang', after: 600_000 }, 1);
    const broken = store.pull(reference, {
      signal: leaving.signal,
      onProgress: ({ done }) => {
        if (done > 0) leaving.abort(new Error('enough'));
      },
    });
    await expect(broken).rejects.toThrow('enough');
    registry.fail(LAYER.digest, fault, 1);
    const image = await store.pull(reference, { signal: noSignal() });
    expect(digestOf(await readFile(image.layers[0]!.file))).toBe(LAYER.digest);
  });

  test('go on in another process', async () => {
    const { registry, reference, directory, path } = await brokenPull();
    const size = (await readFile(path)).length;
    const { store: later } = await testStore({ directory });
    const image = await later.pull(reference, { signal: noSignal() });
    expect(digestOf(await readFile(image.layers[0]!.file))).toBe(LAYER.digest);
    expect(registry.requests.at(-1)?.range).toBe(`bytes=${String(size)}-`);
  });

  test('begin anew when what is there is damaged', async () => {
    const { registry, reference, directory, path } = await brokenPull();
    await writeFile(path, Buffer.alloc((await readFile(path)).length, 7));
    const { store: later } = await testStore({ directory });
    const image = await later.pull(reference, { signal: noSignal() });
    expect(digestOf(await readFile(image.layers[0]!.file))).toBe(LAYER.digest);
    expect(registry.requests.at(-1)?.range).toBeUndefined();
  });

  test('begin anew when there is more than there should be', async () => {
    const { registry, reference, directory, path } = await brokenPull();
    await truncate(path, LAYER.size + 1);
    const { store: later } = await testStore({ directory });
    await later.pull(reference, { signal: noSignal() });
    expect(registry.requests.at(-1)?.range).toBeUndefined();
  });

  test('need no request when everything is there', async () => {
    const { registry, reference, directory, path } = await brokenPull();
    await writeFile(path, LAYER.bytes);
    const before = registry.requestsFor(LAYER.digest).length;
    const { store: later } = await testStore({ directory });
    await later.pull(reference, { signal: noSignal() });
    expect(registry.requestsFor(LAYER.digest)).toHaveLength(before);
  });

  test('that end as if they were complete are refused', async () => {
    const registry = await testRegistry();
    const { store, directory } = await testStore();
    const change = (bytes: Buffer): Buffer => bytes.subarray(0, -1);
    registry.fail(LAYER.digest, { kind: 'bytes', change });
    const pull = store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe('ERR_LAUNCHER_IMAGE_MISMATCH');
    expect(await filesIn(directory)).toEqual(new Map());
  });

  test.each(['manifest', 'layer'])('a packed %s is refused', async (what) => {
    const registry = await testRegistry();
    const { store } = await testStore();
    const digest = what === 'manifest' ? IMAGE.pin : LAYER.digest;
    const headers = { 'content-encoding': 'gzip' };
    registry.fail(digest, { kind: 'status', status: 200, headers, body: 'x' });
    const pull = store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe('ERR_LAUNCHER_REGISTRY_REFUSED');
  });

  test('a document without end is refused', async () => {
    const registry = await testRegistry();
    const { store } = await testStore();
    registry.fail(IMAGE.pin, { kind: 'bytes', change: () => Buffer.alloc(5 * 1024 * 1024) });
    const pull = store.pull(registry.add('app', IMAGE), { signal: noSignal() });
    expect((await refusalOf(pull)).code).toBe('ERR_LAUNCHER_REGISTRY_REFUSED');
  });
});

/** A pull that broke off in the middle of its layer, and the file with what has arrived. */
async function brokenPull() {
  const registry = await testRegistry();
  const { store, directory } = await testStore();
  const reference = registry.add('app', IMAGE);
  registry.fail(LAYER.digest, { kind: 'hang', after: 600_000 }, 1);
  const leaving = new AbortController();
  const pull = store.pull(reference, {
    signal: leaving.signal,
    onProgress: ({ done }) => {
      if (done >= 250_000) leaving.abort(new Error('enough'));
    },
  });
  await expect(pull).rejects.toThrow('enough');
  await store.close();
  const partial = join(directory, 'partial');
  const [name] = await readdir(partial);
  return { registry, reference, directory, path: join(partial, name!) };
}
