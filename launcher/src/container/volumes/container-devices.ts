// SPDX-License-Identifier: Apache-2.0
import { readFile, realpath, stat } from 'node:fs/promises';
import { LauncherError } from '../../errors.ts';
import type { ContainerDevice } from '../container-spec.ts';

/** Places of devices that no container gets, whatever their numbers are. */
const REFUSED_PATHS = [
  ...['tdx_guest', 'tdx-guest', 'tdx-attest', 'sev', 'sev-guest', 'tpm\\d*', 'tpmrm\\d*'],
  ...['vsock', 'vhost-.*', 'mem', 'kmem', 'port', 'kmsg', 'console', 'mapper/.*', 'vfio/.*'],
].map((name) => new RegExp(`^/dev/${name}$`));

/** Numbers that the kernel has given away for good (devices.txt), of drivers that are not for containers. */
const REFUSED_MAJORS: ReadonlyMap<number, string> = new Map([
  [4, 'a terminal of the VM'],
  [5, 'a terminal of the VM'],
  [7, 'a screen of the VM'],
  // Of the TEE, TPM, vsock, kvm, fuse, device mapper, loop control, vhost, tun and more: each acts on the whole VM.
  [10, 'a control device of the kernel'],
  [21, 'a disk by another way'],
  [162, 'a disk by another way'],
  [202, 'a register of the processor'],
  [203, 'a register of the processor'],
]);

/** Major number of memory, and what of it gives nothing away: null, zero, full, random and urandom. */
const MEMORY_MAJOR = 1;
const HARMLESS_MEMORY: ReadonlySet<number> = new Set([3, 5, 7, 8, 9]);

/** Drivers whose numbers differ from boot to boot, as `/proc/devices` calls them. */
const REFUSED_DRIVERS =
  /^(?:tpm|vfio|iommu|watchdog|nvme|ng|bsg|mei|ptp|rtc|dax|ndctl|dimmctl|virtio-portsdev|kvm|device-mapper|mtd|ubi|hidraw|usbmon|usb_device)/;

/**
 * Looks up the devices that a container may use: character devices, and none with which it could make evidence in the
 * VM's name (those of the TEE and a TPM), reach the host past the firewall (vsock), or get at memory, disks and other
 * containers. Disks are block devices, or made ones by control devices, so neither are there.
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
  if (REFUSED_PATHS.some((name) => name.test(real) || name.test(path))) {
    throw refused(workload, path, 'would let it speak for the VM or leave it');
  }
  const found = await stat(real);
  if (found.isBlockDevice()) throw refused(workload, path, 'is a disk, or something like one');
  if (!found.isCharacterDevice()) throw refused(workload, path, 'is not a device');
  const numbers = deviceNumbers(found.rdev);
  const problem = numberProblem(numbers, await driverOf(numbers.major));
  if (problem !== undefined) throw refused(workload, path, problem);
  return { path, kind: 'c', ...numbers };
}

/**
 * Says why a character device is not for containers. Names are no protection: anybody who may make nodes makes others.
 *
 * @param numbers - of the device
 * @param driver - as `/proc/devices` calls it
 * @returns `undefined` when nothing is wrong with it
 */
export function numberProblem(
  { major, minor }: { readonly major: number; readonly minor: number },
  driver: string | undefined,
): string | undefined {
  if (major === MEMORY_MAJOR && !HARMLESS_MEMORY.has(minor)) return 'is memory of the VM';
  const what = REFUSED_MAJORS.get(major);
  if (what !== undefined) return `is ${what}`;
  if (driver === undefined) return 'is of a driver that the kernel does not name';
  return REFUSED_DRIVERS.test(driver) ? `is of the driver ${driver}` : undefined;
}

async function driverOf(major: number): Promise<string | undefined> {
  const [characters = ''] = (await readFile('/proc/devices', 'utf8')).split('Block devices:');
  return new RegExp(`^ *${String(major)} (.+)$`, 'm').exec(characters)?.[1];
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
