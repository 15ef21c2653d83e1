// SPDX-License-Identifier: Apache-2.0
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buildImage, type BuildOptions, type BuiltImage } from './build-image.ts';
import { ImagesError } from './errors.ts';
import { verifyLayout } from './verify-layout.ts';

/** A finished image and where it is. */
export interface PublishedImage extends BuiltImage {
  /** The OCI image layout. */
  readonly layout: string;
  /** JSON list of the inputs, beside the layout; its SHA-256 is an annotation of the manifest. */
  readonly inputsFile: string;
  /** How many builds gave this digest. */
  readonly builds: number;
}

/** As {@link BuildOptions}; `directory` is replaced as a whole when the new layout is complete. */
export interface PublishOptions extends BuildOptions {
  /** Build twice and compare. */
  readonly check: boolean;
}

/**
 * Builds beside the destination, verifies the result and moves it into place: a reader never sees half an image.
 *
 * @throws ImagesError `ERR_IMAGES_NOT_REPRODUCIBLE`, `ERR_IMAGES_LAYOUT_INVALID` and those of `buildImage`.
 */
export async function publishImage(options: PublishOptions): Promise<PublishedImage> {
  const { directory } = options;
  const staged = `${directory}.new-${String(process.pid)}`;
  const second = `${directory}.check-${String(process.pid)}`;
  const old = `${directory}.old-${String(process.pid)}`;
  const inputsFile = `${directory}.inputs.json`;
  await mkdir(dirname(directory), { recursive: true });
  try {
    const image = await buildVerified({ ...options, directory: staged });
    if (options.check) {
      options.onProgress('building a second time');
      refuseDifference(image, await buildVerified({ ...options, directory: second }));
    }
    await moveAway(directory, old);
    await rename(staged, directory);
    await writeFile(inputsFile, JSON.stringify(image.inputs));
    return { ...image, layout: directory, inputsFile, builds: options.check ? 2 : 1 };
  } finally {
    for (const path of [staged, second, old]) await rm(path, { recursive: true, force: true });
  }
}

async function buildVerified(options: BuildOptions): Promise<BuiltImage> {
  const image = await buildImage(options);
  const { digest } = await verifyLayout(options.directory);
  if (digest !== image.digest) {
    throw new ImagesError('ERR_IMAGES_LAYOUT_INVALID', 'the layout is of another image', {
      expected: image.digest,
      seen: digest,
    });
  }
  return image;
}

function refuseDifference(first: BuiltImage, second: BuiltImage): void {
  if (first.digest === second.digest) return;
  const layer = first.layers.findIndex(({ digest }, at) => digest !== second.layers[at]?.digest);
  throw new ImagesError('ERR_IMAGES_NOT_REPRODUCIBLE', 'two builds of one recipe differ', {
    expected: first.digest,
    seen: second.digest,
    hint:
      layer === -1
        ? 'the layers are the same'
        : `the first layer that differs is ${String(layer + 1)}`,
  });
}

async function moveAway(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    // ENOENT: the first build.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
