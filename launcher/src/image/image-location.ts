// SPDX-License-Identifier: Apache-2.0
import { parseImageReference } from '@proofgate/api';
import { asDigest } from './digest.ts';
import { refused } from './image-refusal.ts';

/** Where an image is to be found. */
export type ImageLocation =
  | {
      readonly kind: 'registry';
      readonly reference: string;
      readonly pin: string;
      /** As configured: `docker.io`, `ghcr.io`, `127.0.0.1:5000`. */
      readonly host: string;
      /** Where requests go; differs from the host for Docker Hub. */
      readonly endpoint: string;
      /** `library/nginx`. */
      readonly repository: string;
    }
  | {
      readonly kind: 'layout';
      readonly reference: string;
      readonly pin: string;
      /** Directory below the directory of layouts. */
      readonly name: string;
    };

const LAYOUT_SCHEME = 'disk://';

/** What a reference without a registry means; the other names are ones that Docker Hub answers to, too. */
const DOCKER_HUB = 'docker.io';
const DOCKER_HUB_ENDPOINT = 'registry-1.docker.io';
const DOCKER_HUB_NAMES: readonly string[] = [DOCKER_HUB, 'index.docker.io', DOCKER_HUB_ENDPOINT];

/** Repository of a registry (distribution-spec, "Pulling manifests"). */
const REPOSITORY_PATTERN =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
/** The specification recommends it, registries enforce it. */
const MAX_REPOSITORY_LENGTH = 255;
const HOST_PATTERN = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::\d{1,5})?$/;
const TAG_PATTERN = /:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const LAYOUT_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;

/**
 * Reads where a reference leads, the way Docker does: without a registry it is Docker Hub, where a name of one part
 * means an official image. The digest decides what the image is; a tag is for people.
 *
 * @param reference - `name[:tag]@sha256:<hex>` or `disk://name@sha256:<hex>`
 * @throws ApiError `ERR_API_IMAGE_REFERENCE` when it is not pinned; LauncherError ERR_LAUNCHER_IMAGE_REFUSED when it
 *   names no repository that a registry could have
 */
export function locateImage(reference: string): ImageLocation {
  const { name, digest } = parseImageReference(reference);
  const pin = asDigest(digest);
  if (!name.startsWith(LAYOUT_SCHEME)) {
    return { kind: 'registry', reference, pin, ...locateRepository(reference, name) };
  }
  const layout = name.slice(LAYOUT_SCHEME.length);
  if (!LAYOUT_PATTERN.test(layout)) throw unreadable(reference, 'a name after disk://', layout);
  return { kind: 'layout', reference, pin, name: layout };
}

function locateRepository(
  reference: string,
  name: string,
): { readonly host: string; readonly endpoint: string; readonly repository: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const hasHost = /[.:]/.test(first) || first === 'localhost';
  const host = hasHost ? registryName(first) : DOCKER_HUB;
  const path = (hasHost ? name.slice(slash + 1) : name).replace(TAG_PATTERN, '');
  const repository = host === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path;
  if (!REPOSITORY_PATTERN.test(repository) || repository.length > MAX_REPOSITORY_LENGTH) {
    throw unreadable(reference, 'a repository in lower case', path);
  }
  if (!HOST_PATTERN.test(host)) throw unreadable(reference, 'the host name of a registry', host);
  return { host, endpoint: host === DOCKER_HUB ? DOCKER_HUB_ENDPOINT : host, repository };
}

/** The one name of a registry that has several, as it is compared with the configuration. */
export function registryName(host: string): string {
  const name = host.toLowerCase();
  return DOCKER_HUB_NAMES.includes(name) ? DOCKER_HUB : name;
}

function unreadable(reference: string, expected: string, seen: string): Error {
  return refused(`image ${reference} cannot be located`, { expected, seen });
}
