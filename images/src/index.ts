// SPDX-License-Identifier: Apache-2.0
export { buildImage } from './build-image.ts';
export type { BuildOptions, BuiltImage } from './build-image.ts';
export { IMAGES_ERRORS, ImagesError } from './errors.ts';
export type { ImagesErrorCode } from './errors.ts';
export { imageConfig, imageManifest, INPUTS_ANNOTATION } from './image-manifest.ts';
export { planLayers } from './layer-plan.ts';
export type { ImageInput, LayerPlan, PlanSources } from './layer-plan.ts';
export { linkedLibraries, parseLdd } from './linked-libraries.ts';
export { MEDIA_TYPE } from './oci-layout.ts';
export type { Descriptor } from './oci-layout.ts';
export { publishImage } from './publish-image.ts';
export type { PublishedImage, PublishOptions } from './publish-image.ts';
export { parseRecipe } from './recipe.ts';
export type {
  Recipe,
  RecipeDirectory,
  RecipeExecutable,
  RecipeFile,
  RecipeLayer,
} from './recipe.ts';
export { tarArchive } from './tar-archive.ts';
export type { TarContent, TarEntry } from './tar-archive.ts';
export { verifyLayout } from './verify-layout.ts';
export type { VerifiedLayout } from './verify-layout.ts';
