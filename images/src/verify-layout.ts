// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ImagesError } from './errors.ts';
import { MEDIA_TYPE } from './oci-layout.ts';

/** Indexes, manifests and configurations are some kilobytes; container engines refuse them above 4 MiB as well. */
const MAX_JSON_BYTES = 4 * 1024 * 1024;

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.int().nonnegative(),
});
type CheckedDescriptor = z.output<typeof descriptor>;

const indexSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.literal(MEDIA_TYPE.index),
  manifests: z.tuple([descriptor.extend({ mediaType: z.literal(MEDIA_TYPE.manifest) })]),
});
const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.literal(MEDIA_TYPE.manifest),
  config: descriptor.extend({ mediaType: z.literal(MEDIA_TYPE.config) }),
  layers: z.array(descriptor.extend({ mediaType: z.literal(MEDIA_TYPE.layer) })).min(1),
});
const configSchema = z.object({
  os: z.literal('linux'),
  architecture: z.string(),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(z.string()) }),
});

/** What a verified layout contains. */
export interface VerifiedLayout {
  /** Digest of the manifest, `sha256:` and hex. */
  readonly digest: string;
  readonly architecture: string;
  /** Paths of the layer archives, lowest first. */
  readonly layerFiles: readonly string[];
}

/**
 * Reads an OCI image layout with one image and uncompressed layers, and recomputes every digest in it.
 *
 * @throws {@link ImagesError} `ERR_IMAGES_LAYOUT_INVALID`
 */
export async function verifyLayout(directory: string): Promise<VerifiedLayout> {
  await readJson(
    join(directory, 'oci-layout'),
    z.object({ imageLayoutVersion: z.literal('1.0.0') }),
  );
  const [top] = (await readJson(join(directory, 'index.json'), indexSchema)).manifests;
  const manifest = await readJson(await verifyBlob(directory, top), manifestSchema);
  const config = await readJson(await verifyBlob(directory, manifest.config), configSchema);
  const layerFiles: string[] = [];
  for (const layer of manifest.layers) layerFiles.push(await verifyBlob(directory, layer));
  const digests = manifest.layers.map(({ digest }) => digest).join(' ');
  const diffIds = config.rootfs.diff_ids.join(' ');
  if (digests !== diffIds) {
    throw invalid('the configuration names other layers than the manifest', digests, diffIds);
  }
  return { digest: top.digest, architecture: config.architecture, layerFiles };
}

async function verifyBlob(directory: string, wanted: CheckedDescriptor): Promise<string> {
  const file = join(directory, 'blobs', 'sha256', wanted.digest.slice('sha256:'.length));
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of createReadStream(file)) {
      // A stream without an encoding yields Buffers.
      const bytes = chunk as Buffer;
      hash.update(bytes);
      size += bytes.length;
    }
  } catch (cause) {
    throw invalid(`cannot read blob ${wanted.digest}`, undefined, undefined, cause);
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (digest !== wanted.digest)
    throw invalid('a blob is not what its name says', wanted.digest, digest);
  if (size !== wanted.size) {
    throw invalid(`size of ${digest}`, `${String(wanted.size)} bytes`, `${String(size)} bytes`);
  }
  return file;
}

async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  try {
    const { size } = await stat(file);
    if (size > MAX_JSON_BYTES) throw new Error(`${String(size)} bytes are too many`);
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw invalid(`${file} is not what an image layout has there`, undefined, undefined, cause);
  }
}

function invalid(message: string, expected?: string, seen?: string, cause?: unknown): ImagesError {
  return new ImagesError('ERR_IMAGES_LAYOUT_INVALID', message, {
    ...(expected === undefined ? {} : { expected }),
    ...(seen === undefined ? {} : { seen }),
    ...(cause === undefined ? {} : { cause }),
  });
}
