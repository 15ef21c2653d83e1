// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Media types of the OCI image specification 1.1 that are used here. */
export const MEDIA_TYPE = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

/** OCI content descriptor. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and hex. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Writes blobs and the index of one OCI image layout (image-spec 1.1, image-layout.md). */
export interface LayoutWriter {
  /** Adds a blob; the bytes are hashed while they are written. */
  blob(mediaType: string, content: AsyncIterable<Uint8Array>): Promise<Descriptor>;
  /** Adds a blob of JSON. */
  json(mediaType: string, value: unknown): Promise<Descriptor>;
  /** Writes `index.json` and `oci-layout`; the layout is complete afterwards. */
  finish(manifest: Descriptor): Promise<void>;
}

/** Starts a layout in an empty or absent folder. */
export async function createLayout(directory: string): Promise<LayoutWriter> {
  const blobs = join(directory, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const blob: LayoutWriter['blob'] = (mediaType, content) => writeBlob(blobs, mediaType, content);
  return {
    blob,
    json: (mediaType, value) => blob(mediaType, jsonBytes(value)),
    async finish(manifest) {
      const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [manifest] };
      await writeFile(join(directory, 'index.json'), JSON.stringify(index));
      await writeFile(
        join(directory, 'oci-layout'),
        JSON.stringify({ imageLayoutVersion: '1.0.0' }),
      );
    },
  };
}

async function writeBlob(
  blobs: string,
  mediaType: string,
  content: AsyncIterable<Uint8Array>,
): Promise<Descriptor> {
  const temporary = join(blobs, `.${randomBytes(8).toString('hex')}`);
  const hash = createHash('sha256');
  let size = 0;
  const file = await open(temporary, 'wx');
  try {
    for await (const chunk of content) {
      hash.update(chunk);
      size += chunk.length;
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  const hex = hash.digest('hex');
  await rename(temporary, join(blobs, hex));
  return { mediaType, digest: `sha256:${hex}`, size };
}

async function* jsonBytes(value: unknown): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new TextEncoder().encode(JSON.stringify(value)));
}
