// SPDX-License-Identifier: Apache-2.0

/** How much of an image the launcher takes. */
export interface ImageLimits {
  /** Bytes of all layers together, packed and unpacked each. */
  readonly maxImageBytes: number;
  /** Files, directories and links of all layers together. */
  readonly maxEntries: number;
  /** A layer may unpack to so many times its packed size, once it is over {@link EXPANSION_FLOOR_BYTES}. */
  readonly maxExpansion: number;
}

/** What holds unless the configuration says otherwise. */
export const DEFAULT_IMAGE_LIMITS: ImageLimits = {
  // As `platform.containers.max_image_size`.
  maxImageBytes: 8 * 1024 ** 3,
  // The largest images of data science have some 400 000 files; each takes an inode and 4 KiB.
  maxEntries: 1_000_000,
  // Text packs 10:1, logs and sparse databases 50:1; the formats allow 1 000:1 (gzip) and 32 000:1 (zstd).
  maxExpansion: 200,
};

/** Below this a layer may be anything, such as one empty database file. */
export const EXPANSION_FLOOR_BYTES: number = 256 * 1024 ** 2;

/** The most that overlay file systems stack, and what engines refuse to go over. */
export const MAX_LAYERS = 127;

/** Most bytes of an index, manifest or configuration; registries need not store more (distribution-spec, "Pushing Manifests"). */
export const MAX_DOCUMENT_BYTES: number = 4 * 1024 ** 2;

/** Platforms in an index: official images have up to 20, each with an attestation beside it. */
export const MAX_INDEX_MANIFESTS = 256;
