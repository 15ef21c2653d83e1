// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tarOf, type LayerEntry } from './oci-tar.ts';
import { zstdOf } from './oci-zstd.ts';

/** Media types of the OCI image specification. */
export const OCI = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  tar: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const;

/** Media types of Docker's image manifest, version 2, schema 2. */
export const DOCKER = {
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** This machine as image indexes name it. */
export const ARCHITECTURE: string = process.arch === 'x64' ? 'amd64' : process.arch;

/** A blob of an image, or one that claims to be. */
export interface ImageBlob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly bytes: Buffer;
}

/** An image in memory, ready to be served or written. */
export interface BuiltImage {
  /** Digest of the index where there is one, else of the manifest. */
  readonly pin: string;
  readonly index: ImageBlob | undefined;
  readonly manifest: ImageBlob;
  readonly config: ImageBlob;
  readonly layers: readonly ImageBlob[];
  readonly diffIds: readonly string[];
  /** Bytes of each layer's archive. */
  readonly unpackedSizes: readonly number[];
  /** All of the above, the pinned document first. */
  readonly blobs: readonly ImageBlob[];
}

/** A layer: entries, or a tar archive as bytes. */
export interface LayerInput {
  readonly entries?: readonly LayerEntry[];
  readonly tar?: Uint8Array;
  /** @defaultValue 'gzip' */
  readonly compression?: 'none' | 'gzip' | 'zstd';
  /** The blob itself, if it is not to be what compressing the archive gives. */
  readonly blob?: Uint8Array;
}

/** The `config` object of an image configuration. */
export interface RunConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly StopSignal?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
}

/** A JSON object that a document of an image is made of. */
export type JsonObject = Record<string, unknown>;

/** What an image is made of; the functions see each document before it is hashed, so that it can lie. */
export interface ImageInput {
  readonly layers: readonly LayerInput[];
  readonly run?: RunConfig;
  /** Whether the pin is an index of several platforms. */
  readonly index?: boolean;
  /** Media types in the style of Docker. */
  readonly docker?: boolean;
  readonly changeConfig?: (config: JsonObject) => unknown;
  readonly changeManifest?: (manifest: JsonObject) => unknown;
  readonly changeIndex?: (index: JsonObject) => unknown;
}

/** `sha256:` and the hash in hex. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A blob with its digest. */
export function blobOf(mediaType: string, bytes: Uint8Array): ImageBlob {
  const copy = Buffer.from(bytes);
  return { mediaType, digest: digestOf(copy), size: copy.length, bytes: copy };
}

/** Builds an image in memory; the same input is the same digest. */
export function buildImage(input: ImageInput): BuiltImage {
  const types = input.docker === true ? { ...OCI, ...DOCKER } : OCI;
  const tars = input.layers.map((layer) => layer.tar ?? tarOf(layer.entries ?? []));
  const diffIds = tars.map((tar) => digestOf(tar));
  const layers = input.layers.map((layer, at) => {
    const compression = layer.compression ?? 'gzip';
    const mediaType = types[compression === 'none' ? 'tar' : compression];
    return blobOf(mediaType, layer.blob ?? compress(tars[at]!, compression));
  });
  const config = jsonBlob(types.config, input.changeConfig, {
    architecture: ARCHITECTURE,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: input.run ?? {},
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: diffIds.map(() => ({ created_by: 'test' })),
  });
  const manifest = jsonBlob(types.manifest, input.changeManifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptorOf(config),
    layers: layers.map(descriptorOf),
  });
  const index = input.index === true ? indexOf(types.index, manifest, input) : undefined;
  const blobs = [...(index === undefined ? [] : [index]), manifest, config, ...layers];
  const unpackedSizes = tars.map((tar) => tar.length);
  const pin = (index ?? manifest).digest;
  return { pin, index, manifest, config, layers, diffIds, unpackedSizes, blobs };
}

/** Writes an OCI image layout (image-layout.md) and returns the pin. */
export async function writeLayout(directory: string, image: BuiltImage): Promise<string> {
  const blobs = join(directory, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  for (const { digest, bytes } of image.blobs) {
    await writeFile(join(blobs, digest.slice('sha256:'.length)), bytes);
  }
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const manifests = [descriptorOf(image.index ?? image.manifest)];
  const index = { schemaVersion: 2, mediaType: OCI.index, manifests };
  await writeFile(join(directory, 'index.json'), JSON.stringify(index));
  return image.pin;
}

/** What points to a blob. */
export function descriptorOf({ mediaType, digest, size }: ImageBlob): JsonObject {
  return { mediaType, digest, size };
}

function compress(tar: Uint8Array, compression: 'none' | 'gzip' | 'zstd'): Uint8Array {
  if (compression === 'none') return tar;
  return compression === 'zstd' ? zstdOf(tar) : gzipSync(tar, { level: 1 });
}

function jsonBlob(
  mediaType: string,
  change: ((value: JsonObject) => unknown) | undefined,
  value: JsonObject,
): ImageBlob {
  const changed = change === undefined ? value : change(value);
  const bytes = changed instanceof Uint8Array ? changed : Buffer.from(JSON.stringify(changed));
  return blobOf(mediaType, bytes);
}

/** The image for this machine between two for others, as multi-platform images have them. */
function indexOf(mediaType: string, manifest: ImageBlob, input: ImageInput): ImageBlob {
  const other = (os: string, architecture: string): JsonObject => ({
    mediaType: manifest.mediaType,
    digest: digestOf(Buffer.from(`${os}/${architecture}`)),
    size: 500,
    platform: { os, architecture },
  });
  return jsonBlob(mediaType, input.changeIndex, {
    schemaVersion: 2,
    mediaType,
    manifests: [
      other('linux', 's390x'),
      { ...descriptorOf(manifest), platform: { os: 'linux', architecture: ARCHITECTURE } },
      other('windows', ARCHITECTURE),
    ],
  });
}
