// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, OCI, type BuiltImage, type ImageBlob } from './oci-image.ts';

/**
 * What the launcher's image store returns for an image, without the store: blobs are written to
 * `<directory>/blobs/sha256/<hex>`. Structurally the launcher's `VerifiedImage`.
 */
export async function verifiedImageOf(image: BuiltImage, directory: string, name = 'test/app') {
  const blobs = join(directory, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true, mode: 0o700 });
  for (const { digest, bytes } of image.blobs) {
    await writeFile(join(blobs, hexOf(digest)), bytes, { mode: 0o600 });
  }
  const parsed = JSON.parse(image.config.bytes.toString()) as { config: ConfigFields };
  const run = parsed.config;
  const chainIds = chainIdsOf(image.diffIds);
  return {
    reference: `${name}@${image.pin}`,
    pin: image.pin,
    documents: [image.index, image.manifest].filter((blob) => blob !== undefined).map(documentOf),
    manifest: documentOf(image.manifest),
    configDocument: documentOf(image.config),
    config: {
      entrypoint: run.Entrypoint ?? [],
      cmd: run.Cmd ?? [],
      env: run.Env ?? [],
      user: run.User ?? '',
      workingDir: run.WorkingDir ?? '',
      stopSignal: run.StopSignal,
      labels: run.Labels ?? {},
      volumes: Object.keys(run.Volumes ?? {}),
    },
    layers: image.layers.map(({ mediaType, digest, size }, at) => ({
      descriptor: { mediaType, digest, size },
      compression: compressionOf(mediaType),
      diffId: image.diffIds[at]!,
      chainId: chainIds[at]!,
      unpackedSize: image.unpackedSizes[at]!,
      file: join(blobs, hexOf(digest)),
    })),
  };
}

interface ConfigFields {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly StopSignal?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly Volumes?: Readonly<Record<string, object>>;
}

/** OCI image-spec, config.md, "Layer ChainID". */
function chainIdsOf(diffIds: readonly string[]): readonly string[] {
  let below: string | undefined;
  return diffIds.map((diffId) => {
    below = below === undefined ? diffId : digestOf(Buffer.from(`${below} ${diffId}`));
    return below;
  });
}

function documentOf({ mediaType, digest, size, bytes }: ImageBlob) {
  return { mediaType, digest, size, bytes };
}

function compressionOf(mediaType: string): 'none' | 'gzip' | 'zstd' {
  if (mediaType === OCI.tar) return 'none';
  return mediaType === OCI.zstd ? 'zstd' : 'gzip';
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}
