// SPDX-License-Identifier: Apache-2.0
import { ImagesError } from './errors.ts';
import { MEDIA_TYPE, type Descriptor } from './oci-layout.ts';
import type { Recipe } from './recipe.ts';

/** Annotation that ties the manifest to the list of everything that went into the image. */
export const INPUTS_ANNOTATION = 'org.proofgate.image.inputs.sha256';

/** Names of CPU architectures in OCI images, by Node's names. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * The OCI image configuration (image-spec 1.1, config.md) of a recipe.
 *
 * @param created ISO 8601.
 * @param architecture As in `process.arch`.
 * @param layers In order. They are not compressed, so that their digests are their diff IDs as well.
 * @throws {@link ImagesError} `ERR_IMAGES_HOST_UNSUPPORTED`
 */
export function imageConfig(
  recipe: Recipe,
  created: string,
  architecture: string,
  layers: readonly Descriptor[],
): unknown {
  return {
    created,
    architecture: ociArchitecture(architecture),
    os: 'linux',
    config: {
      User: recipe.user,
      ExposedPorts: Object.fromEntries(
        [...recipe.ports].sort((a, b) => a - b).map((port) => [`${String(port)}/tcp`, {}]),
      ),
      Env: ['PATH=/usr/bin:/bin', ...sorted(recipe.env).map(([name, value]) => `${name}=${value}`)],
      Entrypoint: recipe.entrypoint,
      WorkingDir: recipe.working_dir,
      StopSignal: 'SIGTERM',
      Labels: Object.fromEntries(sorted(recipe.labels)),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: recipe.layers.map(({ comment }) => ({ created, comment })),
  };
}

/** The OCI image manifest (image-spec 1.1, manifest.md). */
export function imageManifest(
  recipe: Recipe,
  created: string,
  config: Descriptor,
  layers: readonly Descriptor[],
  inputsSha256: string,
): unknown {
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config,
    layers,
    annotations: {
      'org.opencontainers.image.created': created,
      'org.opencontainers.image.description': recipe.description,
      'org.opencontainers.image.title': recipe.name,
      [INPUTS_ANNOTATION]: inputsSha256,
    },
  };
}

function ociArchitecture(name: string): string {
  const architecture = ARCHITECTURES[name];
  if (architecture === undefined) {
    throw new ImagesError('ERR_IMAGES_HOST_UNSUPPORTED', 'no images are built on this CPU', {
      expected: Object.keys(ARCHITECTURES).join(' or '),
      seen: name,
    });
  }
  return architecture;
}

/** By code unit, not by locale: the order is part of the digest. */
function sorted(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
