// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadedImage } from './loaded-image.ts';

/** Where podman's overlay driver keeps one directory for each layer, below its root. */
const OVERLAY = 'overlay';

/** Names of the directories of all layers that a store has. */
export async function storedLayers(graphRoot: string): Promise<ReadonlySet<string>> {
  const names = await readdir(join(graphRoot, OVERLAY)).catch((error: NodeJS.ErrnoException) => {
    // Podman makes it with the first layer.
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return new Set(names);
}

/** Names of the directories of an image's layers. */
export function layerNames({ layerDirectories }: LoadedImage): readonly string[] {
  return layerDirectories.map((directory) => directory.split('/').at(-2) ?? directory);
}

/**
 * Finds the layers of an image that were there before it was loaded. Podman does not unpack those once more, and looks
 * at nothing but their names: their files may have been changed since.
 *
 * @param loaded - the image
 * @param before - what the store had before
 * @param verified - what was unpacked from verified blobs since the VM booted
 */
export function foreignLayers(
  loaded: LoadedImage,
  before: ReadonlySet<string>,
  verified: ReadonlySet<string>,
): readonly string[] {
  return layerNames(loaded).filter((name) => before.has(name) && !verified.has(name));
}
