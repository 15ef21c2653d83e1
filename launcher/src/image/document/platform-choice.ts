// SPDX-License-Identifier: Apache-2.0
import type { PlatformEntry } from './image-manifest.ts';
import { refused } from '../image-refusal.ts';
import type { Descriptor } from '../verified-image.ts';

/** Names of architectures that differ between Node and images. */
const IMAGE_NAMES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
};

/** Variants that every machine of an architecture runs; a higher one may use instructions that this one lacks. */
const BASE_VARIANTS: Readonly<Record<string, string>> = { amd64: 'v1', arm64: 'v8' };

/** This machine's architecture as images name it. */
export function imageArchitecture(arch: string = process.arch): string {
  return IMAGE_NAMES[arch] ?? arch;
}

/**
 * Finds the manifest for this machine: the first one for Linux on its architecture that every such machine can run.
 *
 * @throws LauncherError ERR_LAUNCHER_IMAGE_REFUSED when there is none
 */
export function choosePlatform(
  manifests: readonly PlatformEntry[],
  architecture: string,
  what: string,
): Descriptor {
  const base = BASE_VARIANTS[architecture];
  const found = manifests.find(
    (entry) =>
      entry.os === 'linux' &&
      entry.architecture === architecture &&
      (entry.variant === undefined || entry.variant === '' || entry.variant === base),
  );
  if (found !== undefined) {
    return { mediaType: found.mediaType, digest: found.digest, size: found.size };
  }
  throw refused(`${what} is not for this machine`, {
    expected: `linux/${architecture}`,
    seen: manifests.map(platformName).join(', ').slice(0, 200),
  });
}

function platformName({ os, architecture, variant }: PlatformEntry): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}
