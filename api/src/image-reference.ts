// SPDX-License-Identifier: Apache-2.0
import { ApiError } from './errors.ts';

/** A container image by digest. */
export interface ImageReference {
  /** The whole reference as written, which the configuration tree commits to. */
  readonly text: string;
  /** Everything before the first `@`: repository and tag (extension `imageRef` of RA-TLS v1). */
  readonly name: string;
  /** SHA-256 of the image manifest, 64 lower-case hex digits. */
  readonly digest: string;
}

/** Longest image reference: registries refuse names over 255 characters; tag and digest come on top. */
export const MAX_IMAGE_REFERENCE_LENGTH = 512;

const REFERENCE_PATTERN =
  /^((?:disk:\/\/)?[A-Za-z0-9](?:[A-Za-z0-9._:-]|\/(?!\/))*)@sha256:([0-9a-f]{64})$/;

/**
 * Reads a digest-pinned image reference, `registry/name[:tag]@sha256:<64 hex>` or `disk://name@sha256:<64 hex>`.
 * A tag alone is refused: what it names can change after it was measured.
 *
 * @throws ApiError `ERR_API_IMAGE_REFERENCE`
 */
export function parseImageReference(text: string): ImageReference {
  const [, name, digest] = REFERENCE_PATTERN.exec(text) ?? [];
  const climbs = text.split(/[/@]/).some((part) => part === '.' || part === '..');
  if (
    name === undefined ||
    digest === undefined ||
    climbs ||
    text.length > MAX_IMAGE_REFERENCE_LENGTH
  ) {
    const problem = text.includes('@sha256:') ? 'is malformed' : 'is not pinned by digest';
    throw new ApiError('ERR_API_IMAGE_REFERENCE', `image "${text.slice(0, 160)}" ${problem}`, {
      expected: 'a repository, then @sha256: and 64 lower-case hex digits',
      seen: text.slice(0, 160),
      hint: 'docker buildx imagetools inspect IMAGE prints the digest of a tag',
    });
  }
  return { text, name, digest };
}
