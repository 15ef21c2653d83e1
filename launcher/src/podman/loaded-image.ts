// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { VerifiedImage } from '../image/verified-image.ts';
import { listOf, objectIn, objectOf, textIn } from './answer-fields.ts';

/** What podman says about an image that it has loaded. */
export interface LoadedImage {
  /** Digest of the configuration, without the algorithm. */
  readonly id: string;
  /** Digest of the manifest that it was loaded with. */
  readonly digest: string;
  /** Directories of its layers in podman's store, top first. */
  readonly layerDirectories: readonly string[];
}

/**
 * Reads podman's description of an image (libpod API, `GET /images/{name}/json`).
 *
 * @throws LauncherError ERR_LAUNCHER_ENGINE_REFUSED when it is not one
 */
export function loadedImageOf(answer: unknown): LoadedImage {
  const image = objectOf(answer, 'image');
  const data = objectIn(objectIn(image, 'GraphDriver'), 'Data');
  const directories = [data['UpperDir'], data['LowerDir']]
    .filter((value) => typeof value === 'string')
    .flatMap((value) => value.split(':'));
  return {
    id: textIn(image, 'Id'),
    digest: textIn(image, 'Digest'),
    layerDirectories: directories,
  };
}

/**
 * Compares the documents of an image with the verified ones.
 *
 * @returns what differs; `undefined` when nothing does
 */
export function documentMismatch(
  image: VerifiedImage,
  loaded: LoadedImage,
): { readonly what: string; readonly expected: string; readonly seen: string } | undefined {
  const compared = [
    { what: 'manifest', expected: image.manifest.digest, seen: loaded.digest },
    { what: 'configuration', expected: image.configDocument.digest, seen: `sha256:${loaded.id}` },
  ];
  return compared.find(({ expected, seen }) => expected !== seen);
}

/**
 * Tells whether podman unpacked exactly the verified layers. Podman does not compare what it unpacks with the
 * configuration's `diff_ids`, and repeats the configuration's when asked for the image's layers. But it hashes the
 * very stream that it unpacks, and names the directory of a layer after that hash and the layers below: the lowest
 * after the hash itself, every other after the hash of `<name of the layer below>+<its own hash>`
 * (containers/image, `storageImageDestination.commitLayer`).
 *
 * @returns `false` also when this podman names its directories in another way
 */
export function hasVerifiedLayers(image: VerifiedImage, loaded: LoadedImage): boolean {
  const names = storeNames(image.layers.map(({ diffId }) => diffId)).reverse();
  const found = loaded.layerDirectories.map((directory) => directory.split('/').at(-2));
  return names.length === found.length && names.every((name, at) => name === found[at]);
}

/**
 * Reads the manifest of an archive in docker's format: which file of the archive is which layer.
 *
 * @param text - its `manifest.json`
 * @returns names of files in the archive, bottom first
 * @throws LauncherError ERR_LAUNCHER_ENGINE_REFUSED when it is not one
 */
export function archivedLayers(text: string): readonly string[] {
  const parsed: unknown = JSON.parse(text);
  const [image] = listOf(parsed, 'manifest.json');
  const layers = listOf(objectOf(image, 'manifest.json')['Layers'], 'Layers');
  return layers.filter((name) => typeof name === 'string');
}

/** Bottom first, as `diffIds` are. */
function storeNames(diffIds: readonly string[]): string[] {
  let below: string | undefined;
  return diffIds.map((diffId) => {
    const own = diffId.slice('sha256:'.length);
    below = below === undefined ? own : sha256Hex(`${below}+${own}`);
    return below;
  });
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
