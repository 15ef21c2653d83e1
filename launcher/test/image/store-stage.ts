// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LauncherError } from '../../src/errors.ts';
import { ImageStore, type ImageStoreOptions } from '../../src/image/image-store.ts';
import { expect, onTestFinished } from 'vitest';
import { buildImage, type ImageInput } from '../../../test/containers/support/oci-image.ts';
import {
  OciRegistry,
  type RegistryOptions,
} from '../../../test/containers/support/oci-registry.ts';
import { silentLogger } from '../fixtures.ts';

/** Waits that are as good as none, and patience that ends soon. */
export const QUICK: NonNullable<ImageStoreOptions['timing']> = {
  headTimeoutMs: 5_000,
  firstWaitMs: 1,
  maxWaitMs: 2,
  tries: 3,
};

/** A directory that is removed after the test. */
export async function scratchDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'images-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A registry that ends with the test. */
export async function testRegistry(options?: RegistryOptions): Promise<OciRegistry> {
  const registry = await OciRegistry.listen(options);
  onTestFinished(() => registry.close());
  return registry;
}

/** A store in a directory of its own that ends with the test. */
export async function testStore(
  options: Partial<ImageStoreOptions> = {},
): Promise<{ readonly store: ImageStore; readonly directory: string }> {
  const directory = options.directory ?? join(await scratchDirectory(), 'images');
  const store = await ImageStore.open({
    directory,
    registries: [],
    logger: silentLogger,
    random: () => 0,
    ...options,
    timing: { ...QUICK, ...options.timing },
  });
  onTestFinished(() => store.close());
  return { store, directory };
}

/** Files below a directory, by their paths in it, with their sizes. */
export async function filesIn(directory: string): Promise<ReadonlyMap<string, number>> {
  const files = new Map<string, number>();
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(path.slice(directory.length + 1), (await stat(path)).size);
  }
  return files;
}

/** A signal that never aborts. */
export function noSignal(): AbortSignal {
  return new AbortController().signal;
}

/** The code that something is refused with. */
export async function refusalOf(act: Promise<unknown>): Promise<LauncherError> {
  const error: unknown = await act.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LauncherError);
  return error as LauncherError;
}

/** What an image is refused with; when it is, nothing is left of it and no layer was asked for. */
export async function refusalBeforeLayers(input: ImageInput): Promise<string | undefined> {
  const image = buildImage(input);
  const registry = await testRegistry();
  const { store, directory } = await testStore();
  const reference = registry.add('app', image);
  const pulled = store.pull(reference, { signal: noSignal() });
  const isRefused = await pulled.then(
    () => false,
    () => true,
  );
  if (!isRefused) return undefined;
  expect(await filesIn(directory)).toEqual(new Map());
  expect(image.layers.flatMap(({ digest }) => registry.requestsFor(digest))).toEqual([]);
  return (await refusalOf(pulled)).code;
}
