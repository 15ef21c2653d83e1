// SPDX-License-Identifier: Apache-2.0
import type { ContainerEngine } from '../container/container-engine.ts';
import { LauncherError } from '../errors.ts';
import type { ImageStore } from '../image/image-store.ts';
import type { VerifiedImage } from '../image/verified-image.ts';
import type { MeasuredWorkload } from '../measurement/measured-workload.ts';
import type { PrepareOptions, PrepareProgress } from '../supervision/runtime.ts';

/** Brings images to one engine, and knows them by their references. */
export class PreparedImages {
  readonly #engine: ContainerEngine;
  readonly #store: ImageStore;
  /** What was prepared last, by reference. */
  readonly #images = new Map<string, VerifiedImage>();

  constructor({ engine, store }: { readonly engine: ContainerEngine; readonly store: ImageStore }) {
    this.#engine = engine;
    this.#store = store;
  }

  /**
   * Fetches, verifies and unpacks an image unless it is there.
   *
   * @throws LauncherError ERR_LAUNCHER_IMAGE_… and ERR_LAUNCHER_REGISTRY_…; the reason of the signal
   */
  async prepare(reference: string, { signal, onProgress }: PrepareOptions): Promise<void> {
    let progress: PrepareProgress = { totalBytes: 0, downloadedBytes: 0, unpacked: 0 };
    let reported = false;
    const report = (change: Partial<PrepareProgress>): void => {
      progress = { ...progress, ...change };
      reported = true;
      onProgress(progress);
    };
    const image = await this.#store.pull(reference, {
      signal,
      onProgress: ({ done, total }) => {
        report({ downloadedBytes: done, totalBytes: total });
      },
    });
    this.#images.set(reference, image);
    await this.#engine.unpack(image, {
      signal,
      onProgress: (unpacked) => {
        if (reported || unpacked < 1) report({ unpacked });
      },
    });
  }

  /**
   * The image that a workload was measured with.
   *
   * @throws LauncherError ERR_LAUNCHER_IMAGE_MISMATCH when it is not here
   */
  async of({ imageRef, imageDigest }: MeasuredWorkload): Promise<VerifiedImage> {
    const image = this.#images.get(imageRef) ?? (await this.#store.find(imageRef));
    if (image?.pin === `sha256:${imageDigest}`) return image;
    throw new LauncherError(
      'ERR_LAUNCHER_IMAGE_MISMATCH',
      `image ${imageRef} is not on this machine as it was measured`,
      { expected: `sha256:${imageDigest}`, seen: image?.pin ?? 'nothing' },
    );
  }

  /** Removes the images that nothing needs any more. */
  async collectGarbage(needed: ReadonlySet<string>): Promise<void> {
    const pins = [...needed].map((reference) => reference.slice(reference.lastIndexOf('@') + 1));
    for (const reference of this.#images.keys()) {
      if (!needed.has(reference)) this.#images.delete(reference);
    }
    for (const pin of await this.#engine.images()) {
      if (!pins.includes(pin)) await this.#engine.removeImage(pin);
    }
    await this.#store.collectGarbage(pins);
  }
}
