// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { LauncherError } from '../errors.ts';
import type { VerifiedImage } from '../image/verified-image.ts';
import { listOf, objectOf, textsOf } from './answer-fields.ts';
import { statusOf, type EngineSocket } from './engine-socket.ts';
import { exportedDiffIds } from './exported-layers.ts';
import { foreignLayers, layerNames, storedLayers } from './foreign-layers.ts';
import { archivedBytes, imageArchive } from './image-archive.ts';
import {
  documentMismatch,
  hasVerifiedLayers,
  loadedImageOf,
  type LoadedImage,
} from './loaded-image.ts';

/** Root of podman's own calls, at the oldest version that podman 4 and 5 both answer. */
export const LIBPOD = '/v4.0.0/libpod';

/** How {@link PodmanImages.unpack} is watched and ended. */
export interface UnpackOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

/**
 * The images of one launcher in podman's store. Their names carry the pin, so that nothing else need be remembered, and
 * the boot of the VM: disks can be changed while a VM is off, and what an earlier boot has verified counts for nothing.
 */
export class PodmanImages {
  readonly #engine: EngineSocket;
  readonly #repository: string;
  readonly #bootId: string;
  readonly #sharedRoot: string | undefined;
  #earlierGone: Promise<void> | undefined;
  readonly #pending = new Map<string, Promise<void>>();

  /**
   * @param engine - podman
   * @param owner - tells the images of several launchers apart
   * @param bootId - 32 hex digits that the kernel drew when it booted
   * @param sharedRoot - podman's store, if it is not the launcher's own: others have put layers there, perhaps before
   *   the VM booted
   */
  constructor(engine: EngineSocket, owner: string, bootId: string, sharedRoot?: string) {
    this.#engine = engine;
    this.#bootId = bootId;
    this.#sharedRoot = sharedRoot;
    this.#repository = `localhost/proofgate-${owner}`;
  }

  /** Loads an image unless exactly it is there; several calls for one image are one. */
  async unpack(image: VerifiedImage, options: UnpackOptions): Promise<void> {
    const pending = this.#pending.get(image.pin);
    if (pending !== undefined) {
      // Whoever asked first may give up: then it is this caller's turn.
      await pending.catch(() => undefined);
      options.signal.throwIfAborted();
      return this.unpack(image, options);
    }
    const work = this.#unpack(image, options).finally(() => this.#pending.delete(image.pin));
    this.#pending.set(image.pin, work);
    return work;
  }

  /** Pins of the images that have been loaded and verified since the VM booted. */
  async list(): Promise<readonly string[]> {
    const tags = (await this.#tags()).map(parseTag);
    return tags.filter(({ bootId }) => bootId === this.#bootId).map(({ pin }) => pin);
  }

  async #tags(): Promise<readonly string[]> {
    const names = await this.#names(this.#repository);
    const prefix = `${this.#repository}:`;
    const tags = names
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length));
    return [...new Set(tags)];
  }

  async #names(reference?: string): Promise<readonly string[]> {
    const answer = await this.#engine.call({
      method: 'GET',
      what: 'list images',
      path: `${LIBPOD}/images/json`,
      ...(reference === undefined ? {} : { query: { filters: { reference: [reference] } } }),
    });
    return listOf(answer, 'images').flatMap((image) =>
      textsOf(listOf(objectOf(image, 'image')['Names'] ?? [], 'Names')),
    );
  }

  /** Removes an image's name, and the image when that was the last one. */
  async remove(pin: string): Promise<void> {
    await this.#removeTag(this.#tagOf(pin));
  }

  async #removeTag(tag: string): Promise<void> {
    await this.#engine.callIfThere({
      method: 'DELETE',
      what: `remove image ${tag}`,
      path: `${LIBPOD}/images/${encodeURIComponent(`${this.#repository}:${tag}`)}`,
    });
  }

  /**
   * Podman does not unpack layers that it has. Those of an earlier boot go first, all of them: images share layers.
   */
  async #removeEarlier(): Promise<void> {
    for (const tag of await this.#tags()) {
      if (parseTag(tag).bootId !== this.#bootId) await this.#removeTag(tag);
    }
  }

  async #unpack(image: VerifiedImage, options: UnpackOptions): Promise<void> {
    if (await this.#isReady(image)) {
      options.onProgress(1);
      return;
    }
    this.#earlierGone ??= this.#removeEarlier();
    try {
      await this.#earlierGone;
    } catch (error) {
      this.#earlierGone = undefined;
      throw error;
    }
    const before = await this.#layersBefore();
    await this.#load(image, options);
    try {
      await this.#verify(image, before, options.signal);
    } catch (error) {
      await this.#removeUnnamed(image);
      throw error;
    }
    await this.#engine.call({
      method: 'POST',
      what: `name image ${image.pin}`,
      path: `${LIBPOD}/images/${imageId(image)}/tag`,
      query: { repo: this.#repository, tag: this.#tagOf(image.pin) },
    });
    options.onProgress(1);
  }

  async #isReady(image: VerifiedImage): Promise<boolean> {
    const loaded = await this.#inspect(this.#nameOf(image.pin));
    if (loaded === undefined || documentMismatch(image, loaded) !== undefined) return false;
    return hasVerifiedLayers(image, loaded);
  }

  async #load(image: VerifiedImage, { signal, onProgress }: UnpackOptions): Promise<void> {
    const total = archivedBytes(image);
    try {
      await this.#engine.call({
        method: 'POST',
        what: `load image ${image.pin}`,
        path: `${LIBPOD}/images/load`,
        upload: () =>
          imageArchive(image, (bytes) => {
            // The rest is podman's work on what it has received.
            onProgress(Math.min(0.99, bytes / total));
          }),
        signal,
      });
    } catch (error) {
      if (!signal.aborted) await refuseChangedBlobs(image, error);
      throw error;
    }
  }

  async #layersBefore(): Promise<ReadonlySet<string>> {
    return this.#sharedRoot === undefined ? new Set() : storedLayers(this.#sharedRoot);
  }

  /** Names that carry this boot are given by launchers alone, and to nothing but what they have verified. */
  async #verifiedLayers(): Promise<ReadonlySet<string>> {
    const verified = new Set<string>();
    for (const name of await this.#names()) {
      if (!VERIFIED_NAME.test(name) || !name.endsWith(`-${this.#bootId}`)) continue;
      const loaded = await this.#inspect(name);
      for (const layer of loaded === undefined ? [] : layerNames(loaded)) verified.add(layer);
    }
    return verified;
  }

  async #verify(
    image: VerifiedImage,
    before: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<void> {
    const loaded = await this.#inspect(imageId(image));
    if (loaded === undefined) {
      throw mismatch(image, { what: 'image', expected: imageId(image), seen: 'nothing' });
    }
    const difference = documentMismatch(image, loaded);
    if (difference !== undefined) throw mismatch(image, difference);
    if (before.size > 0) {
      const foreign = foreignLayers(loaded, before, await this.#verifiedLayers());
      if (foreign.length > 0) throw unverified(image, foreign);
    }
    if (hasVerifiedLayers(image, loaded)) return;
    const expected = image.layers.map(({ diffId }) => diffId).join(' ');
    const seen = await this.#exportedLayers(image, signal);
    if (seen !== expected) throw mismatch(image, { what: 'unpacked layers', expected, seen });
  }

  /** For a podman that names its layers in another way, and to say what is wrong with those that do not fit. */
  async #exportedLayers(image: VerifiedImage, signal: AbortSignal): Promise<string> {
    try {
      const archive = await this.#engine.stream({
        method: 'GET',
        what: `export image ${image.pin}`,
        path: `${LIBPOD}/images/${imageId(image)}/get`,
        query: { format: 'docker-archive' },
        signal,
      });
      return (await exportedDiffIds(archive)).join(' ');
    } catch (error) {
      if (statusOf(error) === undefined) throw error;
      // The format knows no zstd.
      return 'layers that podman does not export';
    }
  }

  async #inspect(name: string): Promise<LoadedImage | undefined> {
    const answer = await this.#engine.callIfThere({
      method: 'GET',
      what: `inspect image ${name}`,
      path: `${LIBPOD}/images/${encodeURIComponent(name)}/json`,
    });
    return answer === undefined ? undefined : loadedImageOf(answer);
  }

  /** What has no name has not been accepted; an image that is in use or has other names stays. */
  async #removeUnnamed(image: VerifiedImage): Promise<void> {
    const request = {
      method: 'GET',
      what: `inspect image ${image.pin}`,
      path: `${LIBPOD}/images/${imageId(image)}/json`,
    } as const;
    const answer = await this.#engine.callIfThere(request);
    if (answer === undefined) return;
    if (listOf(objectOf(answer, 'image')['RepoTags'], 'RepoTags').length > 0) return;
    await this.#engine.callIfThere({
      method: 'DELETE',
      what: `remove image ${image.pin}`,
      path: `${LIBPOD}/images/${imageId(image)}`,
    });
  }

  #nameOf(pin: string): string {
    return `${this.#repository}:${this.#tagOf(pin)}`;
  }

  /** A tag holds 128 characters, but no colon. */
  #tagOf(pin: string): string {
    return `${pin.slice('sha256:'.length)}-${this.#bootId}`;
  }
}

/** As launchers name images, whoever's they are. */
const VERIFIED_NAME = /^localhost\/proofgate-[0-9a-f]{8}:[0-9a-f]{64}-[0-9a-f]{32}$/;

/** Id of an image in podman's store. */
export function imageId(image: VerifiedImage): string {
  return image.configDocument.digest.slice('sha256:'.length);
}

function parseTag(tag: string): { readonly pin: string; readonly bootId: string | undefined } {
  const [digest = '', bootId] = tag.split('-');
  return { pin: `sha256:${digest}`, bootId };
}

/**
 * Podman says in prose why it does not load an image. If a blob has changed since it was verified, that is why.
 *
 * @throws LauncherError ERR_LAUNCHER_IMAGE_MISMATCH
 */
async function refuseChangedBlobs(image: VerifiedImage, cause: unknown): Promise<void> {
  for (const { descriptor, file } of image.layers) {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array); // no encoding: bytes
    const seen = `sha256:${hash.digest('hex')}`;
    if (seen === descriptor.digest) continue;
    throw mismatch(image, { what: 'layer on disk', expected: descriptor.digest, seen }, cause);
  }
}

function unverified({ reference }: VerifiedImage, layers: readonly string[]): LauncherError {
  const message = `podman had ${String(layers.length)} layers of ${reference} already, and does not unpack them again`;
  return new LauncherError('ERR_LAUNCHER_IMAGE_MISMATCH', message, {
    expected: 'layers that are unpacked from what was verified',
    seen: layers.join(' '),
    hint: 'remove the images that have these layers from podman, or leave out platform.containers.podman_socket: a podman of our own shares its storage with nobody',
  });
}

function mismatch(
  { reference }: VerifiedImage,
  difference: { readonly what: string; readonly expected: string; readonly seen: string },
  cause?: unknown,
): LauncherError {
  const { what, expected, seen } = difference;
  const message = `${what} of ${reference} is not the verified one: expected ${expected}, seen ${seen}`;
  return new LauncherError('ERR_LAUNCHER_IMAGE_MISMATCH', message, { expected, seen, cause });
}
