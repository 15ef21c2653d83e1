// SPDX-License-Identifier: Apache-2.0

/** Points to a blob: what an image manifest says about each of its parts (OCI image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and 64 lower-case hex digits. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** A document of an image whose bytes have the digest that something trusted names. */
export interface VerifiedDocument extends Descriptor {
  readonly bytes: Uint8Array;
}

/** How a layer is compressed. */
export type LayerCompression = 'none' | 'gzip' | 'zstd';

/** A layer whose compressed and uncompressed bytes have both been hashed. */
export interface VerifiedLayer {
  readonly descriptor: Descriptor;
  readonly compression: LayerCompression;
  /** Digest of the uncompressed tar, as the image's configuration names it. */
  readonly diffId: string;
  /** Names the stack of layers up to this one (OCI image-spec, config.md, "Layer ChainID"). */
  readonly chainId: string;
  /** Bytes of the uncompressed tar. */
  readonly unpackedSize: number;
  /** The verified blob on disk, in a directory that only the launcher's user may enter. */
  readonly file: string;
}

/** What the image itself says about running it (OCI image-spec, config.md); absent fields are empty. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  /** `user`, `uid`, `user:group` or `uid:gid`; empty means root. */
  readonly user: string;
  readonly workingDir: string;
  readonly stopSignal: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Paths that the image declares as volumes; they are ignored, or a tmpfs. */
  readonly volumes: readonly string[];
}

/** An image that is on disk and is exactly what its pin names. */
export interface VerifiedImage {
  /** The pinned reference, as written. */
  readonly reference: string;
  /** `sha256:…` of the pin: of the index where the pin names one, else of the manifest. */
  readonly pin: string;
  /** From the pinned document to the manifest: one entry, or two when the pin is an index. */
  readonly documents: readonly VerifiedDocument[];
  readonly manifest: VerifiedDocument;
  readonly configDocument: VerifiedDocument;
  readonly config: ImageConfig;
  /** Bottom first. */
  readonly layers: readonly VerifiedLayer[];
}
