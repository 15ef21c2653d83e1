// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { MEDIA_TYPE, tarArchive, type TarEntry } from '@proofgate/images';

/** A blob of an image, in memory. */
export interface ImageBlob {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** An image in memory. */
export interface MemoryImage {
  /** Digest of the manifest. */
  readonly pin: string;
  /** Everything that a registry has to serve. */
  readonly blobs: readonly ImageBlob[];
}

/** What the image runs, as its configuration says it. */
export interface RunConfig {
  readonly Entrypoint: readonly string[];
  readonly User: string;
}

/** As builders compress, but quickly. */
const GZIP_LEVEL = 1;

/** This machine as images name it. */
const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;

/**
 * Makes an image of layers that are compressed with gzip, as those of registries are.
 *
 * @param layers - entries of each, the lowest first
 * @param run - what it runs
 */
export async function makeImage(
  layers: readonly (readonly TarEntry[])[],
  run: RunConfig,
): Promise<MemoryImage> {
  const tars: Buffer[] = [];
  for (const entries of layers) tars.push(await collect(tarArchive(entries, 0)));
  const packed = tars.map((tar) =>
    blobOf(`${MEDIA_TYPE.layer}+gzip`, gzipSync(tar, { level: GZIP_LEVEL })),
  );
  const config = jsonBlob(MEDIA_TYPE.config, {
    architecture: ARCHITECTURE,
    os: 'linux',
    config: run,
    rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
  });
  const manifest = jsonBlob(MEDIA_TYPE.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: descriptorOf(config),
    layers: packed.map(descriptorOf),
  });
  return { pin: manifest.digest, blobs: [manifest, config, ...packed] };
}

function descriptorOf({ mediaType, digest, bytes }: ImageBlob): object {
  return { mediaType, digest, size: bytes.length };
}

function jsonBlob(mediaType: string, value: object): ImageBlob {
  return blobOf(mediaType, Buffer.from(JSON.stringify(value)));
}

function blobOf(mediaType: string, bytes: Uint8Array): ImageBlob {
  return { mediaType, digest: digestOf(bytes), bytes };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}
