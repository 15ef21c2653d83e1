// SPDX-License-Identifier: Apache-2.0
import type { Descriptor } from './verified-image.ts';

/** Part of a blob on its way. */
export interface BlobStream {
  /** Where it begins: where it was asked to, or 0. */
  readonly offset: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/** A place that images come from. Nothing it gives has been verified. */
export interface ImageSource {
  /** Downloads of one blob from the same place are one. */
  readonly name: string;
  /**
   * Reads an index or manifest.
   *
   * @throws LauncherError ERR_LAUNCHER_IMAGE_NOT_FOUND when it is not there
   */
  manifest(digest: string, signal: AbortSignal): Promise<Uint8Array>;
  /** Reads a configuration. */
  config(descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array>;
  /** Begins to read a layer, if possible at an offset. */
  layer(descriptor: Descriptor, offset: number, signal: AbortSignal): Promise<BlobStream>;
}
