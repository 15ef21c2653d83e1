// SPDX-License-Identifier: Apache-2.0
import { realpath, stat } from 'node:fs/promises';
import { LauncherError } from '../../errors.ts';
import type { ContainerDevice } from '../container-spec.ts';

/**
 * Devices that no container gets. With those of the TEE or a TPM it could make evidence in the VM's name; with vsock it
 * reaches the host past the firewall; the rest is memory and ports of the machine.
 */
const REFUSED = [
  ...['tdx_guest', 'tdx-guest', 'tdx-attest', 'sev', 'sev-guest', 'tpm\\d*', 'tpmrm\\d*'],
  ...['vsock', 'vhost-.*', 'mem', 'kmem', 'port', 'kmsg', 'console', 'mapper/control'],
].map((name) => new RegExp(`^/dev/${name}$`));

/**
 * Looks up the devices that a container may use.
 *
 * @param workload - its name, for messages
 * @param paths - absolute paths
 * @returns the devices, by number
 * @throws LauncherError ERR_LAUNCHER_VOLUME_REFUSED when one does not exist, is no device, or is none for containers
 */
export async function containerDevices(
  workload: string,
  paths: readonly string[],
): Promise<readonly ContainerDevice[]> {
  return Promise.all(paths.map((path) => containerDevice(workload, path)));
}

async function containerDevice(workload: string, path: string): Promise<ContainerDevice> {
  const real = await realpath(path).catch((cause: unknown) => {
    throw refused(workload, path, 'does not exist', cause);
  });
  if (!real.startsWith('/dev/')) throw refused(workload, path, 'is not below /dev');
  if (REFUSED.some((name) => name.test(real) || name.test(path))) {
    throw refused(workload, path, 'would let it speak for the VM or leave it');
  }
  const found = await stat(real);
  const kind = found.isCharacterDevice() ? 'c' : found.isBlockDevice() ? 'b' : undefined;
  if (kind === undefined) throw refused(workload, path, 'is not a device');
  return { path, kind, ...deviceNumbers(found.rdev) };
}

/** Linux packs 12 bits of major and 20 of minor number into one (`new_encode_dev` of `linux/kdev_t.h`). */
function deviceNumbers(rdev: number): { readonly major: number; readonly minor: number } {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}

function refused(workload: string, path: string, problem: string, cause?: unknown): LauncherError {
  return new LauncherError(
    'ERR_LAUNCHER_VOLUME_REFUSED',
    `device ${path} of workload ${workload} ${problem}`,
    { seen: path, cause },
  );
}
