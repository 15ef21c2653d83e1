// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { imageConfig, imageManifest } from './image-manifest.ts';
import { planLayers, type ImageInput, type PlanSources } from './layer-plan.ts';
import { createLayout, MEDIA_TYPE, type Descriptor } from './oci-layout.ts';
import type { Recipe } from './recipe.ts';
import { tarArchive } from './tar-archive.ts';

/** Where a build reads and writes, and what it says on the way. */
export interface BuildOptions extends PlanSources {
  readonly recipe: Recipe;
  /** An empty or absent folder; becomes the OCI image layout. */
  readonly directory: string;
  /** Seconds since 1970 instead of the recipe's `created` (reproducible-builds.org, SOURCE_DATE_EPOCH). */
  readonly epoch?: number;
  /** As in `process.arch`: that of the Node.js executable. */
  readonly architecture: string;
  readonly onProgress: (message: string) => void;
}

/** A finished image. */
export interface BuiltImage {
  /** Digest of the manifest: what a manifest of workloads pins, and what is measured. */
  readonly digest: string;
  /** Bytes of all layers. */
  readonly size: number;
  readonly layers: readonly Descriptor[];
  /** Everything that the digest depends on besides the recipe's own fields. */
  readonly inputs: readonly ImageInput[];
}

/**
 * Builds a recipe as an OCI image layout, without a container engine.
 *
 * The digest is a function of the recipe, the time and the inputs, and of nothing else: no clock, user, folder, locale or
 * file system order. Layers are not compressed, since the output of zlib differs between versions and CPUs.
 *
 * @throws ImagesError `ERR_IMAGES_INPUT_UNREADABLE`, `ERR_IMAGES_INPUT_CHANGED`, `ERR_IMAGES_PATH_TOO_LONG`,
 * `ERR_IMAGES_RECIPE_INVALID`, `ERR_IMAGES_HOST_UNSUPPORTED`, `ERR_IMAGES_LIBRARY_NOT_FOUND`.
 *
 * @example
 * ```ts
 * const recipe = parseRecipe(await readFile('image.yaml', 'utf8'), 'image.yaml');
 * const { digest } = await buildImage({
 *   recipe, root: '.', directory: 'out', nodeExecutable: process.execPath, architecture: process.arch,
 *   onProgress: console.error,
 * });
 * ```
 */
export async function buildImage(options: BuildOptions): Promise<BuiltImage> {
  const { recipe, onProgress } = options;
  const seconds = options.epoch ?? Math.floor(Date.parse(recipe.created) / 1000);
  const created = new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

  onProgress('reading inputs');
  const plans = await planLayers(recipe, options);
  const inputs = plans.flatMap((plan) => plan.inputs);
  const inputsSha256 = createHash('sha256').update(JSON.stringify(inputs)).digest('hex');

  const layout = await createLayout(options.directory);
  const layers: Descriptor[] = [];
  for (const plan of plans) {
    onProgress(`writing layer ${String(layers.length + 1)} of ${String(plans.length)}`);
    layers.push(await layout.blob(MEDIA_TYPE.layer, tarArchive(plan.entries, seconds)));
  }
  const config = await layout.json(
    MEDIA_TYPE.config,
    imageConfig(recipe, created, options.architecture, layers),
  );
  const manifest = await layout.json(
    MEDIA_TYPE.manifest,
    imageManifest(recipe, created, config, layers, inputsSha256),
  );
  await layout.finish({
    ...manifest,
    annotations: { 'org.opencontainers.image.ref.name': recipe.name },
  });
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  return { digest: manifest.digest, size, layers, inputs };
}
