// SPDX-License-Identifier: Apache-2.0
import { CodedError, type ErrorDetails } from '@proofgate/evidence';

/** Every code that this package can throw. */
export const IMAGES_ERRORS = {
  ERR_IMAGES_RECIPE_INVALID: ['misuse', 'an image recipe is not valid'],
  ERR_IMAGES_INPUT_UNREADABLE: ['misuse', 'a file that a recipe names cannot be read'],
  ERR_IMAGES_INPUT_CHANGED: ['unavailable', 'a file changed while the image was being built'],
  ERR_IMAGES_LIBRARY_NOT_FOUND: [
    'unavailable',
    'a shared library that an executable is linked with is not on this machine',
  ],
  ERR_IMAGES_HOST_UNSUPPORTED: [
    'unavailable',
    'this machine cannot supply the executables of a Linux image',
  ],
  ERR_IMAGES_PATH_TOO_LONG: ['misuse', 'a path does not fit into a ustar header'],
  ERR_IMAGES_LAYOUT_INVALID: ['rejected', 'a folder is not the OCI image layout that it should be'],
  ERR_IMAGES_NOT_REPRODUCIBLE: ['rejected', 'two builds of one recipe differ'],
} as const;

/** A code of {@link ImagesError}. */
export type ImagesErrorCode = keyof typeof IMAGES_ERRORS;

/** An image that cannot be built, or is not what it should be. */
export class ImagesError extends CodedError<ImagesErrorCode> {
  constructor(code: ImagesErrorCode, message: string, details?: ErrorDetails) {
    super(code, IMAGES_ERRORS[code][0], message, details);
  }
}
