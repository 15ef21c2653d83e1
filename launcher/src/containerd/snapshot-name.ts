// SPDX-License-Identifier: Apache-2.0
import { LauncherError } from '../errors.ts';
import type { VerifiedImage } from '../image/verified-image.ts';

/**
 * Names the unpacked form of a stack of layers. Containerd, and everybody else, names it by the chain id alone and
 * takes any snapshot of that name for it, whoever wrote its files. Ours carries the identity of this boot of the VM as
 * well: what a disk brings along from before the boot, when its owner could have changed it, has no name that is ever
 * asked for.
 *
 * @param bootId - 32 hex digits that the kernel drew at random when it booted
 * @param chainId - of the topmost layer
 */
export function snapshotName(bootId: string, chainId: string): string {
  return `${bootId}-${chainId}`;
}

/**
 * Names the unpacked form of an image.
 *
 * @throws LauncherError ERR_LAUNCHER_IMAGE_REFUSED when it has no layers
 */
export function imageSnapshotName(bootId: string, image: VerifiedImage): string {
  const top = image.layers.at(-1);
  if (top === undefined) {
    throw new LauncherError(
      'ERR_LAUNCHER_IMAGE_REFUSED',
      `image ${image.reference} has no layers, so there is nothing to run`,
    );
  }
  return snapshotName(bootId, top.chainId);
}

/**
 * The name of an image in containerd: made of the pin alone, since one image may be known under several references.
 */
export function imageName(pin: string): string {
  return `proofgate.local/image@${pin}`;
}

/** The pin in a name that {@link imageName} made; `undefined` for other names. */
export function pinOf(name: string): string | undefined {
  return /^proofgate\.local\/image@(sha256:[0-9a-f]{64})$/.exec(name)?.[1];
}
