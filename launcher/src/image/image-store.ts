// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { RegistryConfig } from '@proofgate/api';
import type { Logger } from '@proofgate/daemon';
import { imageArchitecture } from './document/platform-choice.ts';
import type { ImageContext } from './image-context.ts';
import { findImage, type FindOptions } from './image-find.ts';
import { DEFAULT_IMAGE_LIMITS, type ImageLimits } from './image-limits.ts';
import { locateImage, type ImageLocation } from './image-location.ts';
import { pullImage, type PullOptions } from './image-pull.ts';
import { ImageSources } from './image-sources.ts';
import { collectGarbage, type CollectedGarbage } from './image-garbage.ts';
import type { PullProgress } from './pull-progress.ts';
import { nodeTransport, type RegistryTransport } from './registry/registry-transport.ts';
import { REGISTRY_TIMING, type RegistryTiming } from './registry/registry-timing.ts';
import { SharedWork } from './shared-work.ts';
import { BlobHolds } from './store/blob-holds.ts';
import { BlobStore } from './store/blob-store.ts';
import type { VerifiedImage } from './verified-image.ts';

/** What an image store works with. */
export interface ImageStoreOptions {
  /** Made when it is not there; belongs to the store alone. */
  readonly directory: string;
  /** Where `disk://name` images are, each an OCI image layout. @defaultValue `layouts` in the directory */
  readonly layoutsDirectory?: string;
  readonly registries: readonly RegistryConfig[];
  readonly limits?: Partial<ImageLimits>;
  readonly logger: Logger;
  /** @defaultValue HTTPS by Node */
  readonly transport?: RegistryTransport;
  readonly timing?: Partial<RegistryTiming>;
  /** Uniform in [0, 1). @defaultValue Math.random */
  readonly random?: () => number;
  readonly clock?: () => Date;
}

/**
 * Images on disk, each exactly what its pin names. Pulls may run side by side: what they share is fetched once. What a
 * refused image brought along is removed.
 *
 * @example
 * const store = await ImageStore.open({ directory: '/var/lib/proofgate/images', registries: [], logger });
 * const image = await store.pull(reference, { signal });
 */
export class ImageStore {
  readonly #context: ImageContext;
  /** Closed with the store, unless it is somebody else's. */
  readonly #transport: RegistryTransport | undefined;
  readonly #closing = new AbortController();
  readonly #pulls = new SharedWork<VerifiedImage, PullProgress>();
  readonly #waiting = new Set<Promise<unknown>>();

  private constructor(context: ImageContext, transport: RegistryTransport | undefined) {
    this.#context = context;
    this.#transport = transport;
  }

  /** @throws DaemonError when the directory cannot be made or belongs to another user */
  static async open(options: ImageStoreOptions): Promise<ImageStore> {
    const timing = { ...REGISTRY_TIMING, ...options.timing };
    const transport = options.transport ?? nodeTransport({ timing });
    const blobs = await BlobStore.open(options.directory);
    const sources = new ImageSources({
      registries: options.registries,
      layoutsDirectory: options.layoutsDirectory ?? join(options.directory, 'layouts'),
      transport,
    });
    const context: ImageContext = {
      blobs,
      holds: new BlobHolds(blobs),
      downloads: new SharedWork(),
      sources,
      limits: { ...DEFAULT_IMAGE_LIMITS, ...options.limits },
      architecture: imageArchitecture(),
      timing,
      random: options.random ?? Math.random,
      clock: options.clock ?? (() => new Date()),
      logger: options.logger,
    };
    return new ImageStore(context, options.transport === undefined ? transport : undefined);
  }

  /**
   * Makes sure that an image is on disk.
   *
   * @param reference - pinned by digest
   * @throws ApiError ERR_API_IMAGE_REFERENCE; LauncherError ERR_LAUNCHER_IMAGE_NOT_FOUND, ERR_LAUNCHER_IMAGE_MISMATCH,
   *   ERR_LAUNCHER_IMAGE_REFUSED, ERR_LAUNCHER_IMAGE_TOO_LARGE, ERR_LAUNCHER_IMAGE_STORE_FAILED,
   *   ERR_LAUNCHER_REGISTRY_UNAUTHORIZED, ERR_LAUNCHER_REGISTRY_REFUSED, ERR_LAUNCHER_REGISTRY_UNAVAILABLE; DaemonError
   *   when a file with credentials cannot be used; the signal's reason
   */
  async pull(reference: string, options: PullOptions): Promise<VerifiedImage> {
    const pull = this.#pull(locateImage(reference), options);
    this.#waiting.add(pull);
    try {
      return await pull;
    } finally {
      this.#waiting.delete(pull);
    }
  }

  async #pull(location: ImageLocation, options: PullOptions): Promise<VerifiedImage> {
    const { verify = false, onProgress = () => undefined } = options;
    const key = location.reference;
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    const waiter = { kind: String(verify), signal, onProgress };
    try {
      return await this.#pulls.join(key, waiter, (jointSignal, report) =>
        pullImage(this.#context, location, { verify, signal: jointSignal, onProgress: report }),
      );
    } finally {
      // Nothing goes on behind the back of whoever pulled last.
      await this.#pulls.abandonedDone([key]);
    }
  }

  /** An image that is on disk in full; without any request. */
  async find(reference: string, options: FindOptions = {}): Promise<VerifiedImage | undefined> {
    return await findImage(this.#context, locateImage(reference), options);
  }

  /**
   * Removes what no kept image needs and no pull is about to use.
   *
   * @param keep - pins, `sha256:…`
   */
  async collectGarbage(keep: readonly string[]): Promise<CollectedGarbage> {
    return await collectGarbage(this.#context, keep);
  }

  /** Breaks off pulls, which go on from there the next time, and closes connections. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the image store is closing'));
    await Promise.allSettled(this.#waiting);
    this.#transport?.close();
  }
}
