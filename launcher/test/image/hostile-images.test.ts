// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { hostileImages } from '../../../test/containers/support/oci-hostile-images.ts';
import { filesIn, noSignal, refusalOf, testRegistry, testStore } from './store-stage.ts';

const images = hostileImages({
  layers: [{ entries: [{ name: 'bin', type: 'directory' }] }],
});
const refused = images.filter(({ refusal }) => refusal !== undefined);
const contained = images.filter(({ refusal }) => refusal === undefined);

describe('hostile images', () => {
  test.each(refused)('refuses: $name', { timeout: 20_000 }, async ({ serve, refusal }) => {
    const registry = await testRegistry();
    const { store, directory } = await testStore();
    const reference = serve(registry);
    const error = await refusalOf(store.pull(reference, { signal: noSignal() }));
    expect(error.code).toBe(refusal);
    // What could not be fetched may be there another time: the layers that did arrive are kept for that.
    if (error.family === 'rejected') expect(await filesIn(directory)).toEqual(new Map());
    expect(registry.requests.filter(({ path }) => path.includes('internal'))).toEqual([]);
    expect(await store.find(reference)).toBeUndefined();
  });

  test.each(contained)('leaves to the engine: $name', async ({ serve }) => {
    const registry = await testRegistry();
    const { store } = await testStore();
    const image = await store.pull(serve(registry), { signal: noSignal() });
    expect(image.layers).toHaveLength(2);
  });

  test('a refused layer that is fetched from elsewhere causes no request for any layer', async () => {
    const registry = await testRegistry();
    const { store } = await testStore();
    const foreign = refused.find(({ name }) => name.includes('URL'))!;
    await refusalOf(store.pull(foreign.serve(registry), { signal: noSignal() }));
    expect(registry.requests.filter(({ path }) => path.includes('/blobs/'))).toEqual([]);
  });

  test('a refused image does not take along what others need', async () => {
    const registry = await testRegistry();
    const { store, directory } = await testStore();
    const good = contained[0]!.serve(registry);
    await store.pull(good, { signal: noSignal() });
    const before = await filesIn(directory);
    const bad = refused.find(({ name }) => name === 'device node')!;
    await refusalOf(store.pull(bad.serve(registry), { signal: noSignal() }));
    expect(await filesIn(directory)).toEqual(before);
    expect(await store.find(good, { verify: true })).toBeDefined();
  });
});
