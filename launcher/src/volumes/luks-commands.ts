// SPDX-License-Identifier: Apache-2.0
import type { VolumePlace } from './encrypted-volume.ts';
import { makeFileSystem, mountOptions } from './file-system-commands.ts';
import { QUICK_PROGRAM_MS, timeToWrite, type VolumeProgram } from './volume-programs.ts';

/** Where device-mapper shows its devices. */
export const MAPPER_DIRECTORY = '/dev/mapper';

/**
 * The disk is encrypted and every sector authenticated: whoever changes the disk under the VM makes reads fail instead
 * of giving the workload something else.
 */
const CIPHER: readonly string[] = [
  ...['--cipher', 'aes-xts-plain64', '--key-size', '512'],
  ...['--integrity', 'hmac-sha256', '--sector-size', '4096'],
];

/** The key is 256 random bits: stretching it as a password would be only makes every start slower. */
const KEY_SLOT: readonly string[] = ['--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'];

/** All of standard input is the key. */
const KEY_FROM_INPUT: readonly string[] = ['--key-file', '-'];

/**
 * Lists the programs that make and mount a LUKS2 volume in a file that has its size already.
 *
 * @param place - where
 * @param sizeBytes - of the file
 * @param key - printable, without newline
 */
export function createLuks(
  place: VolumePlace,
  sizeBytes: number,
  key: Buffer,
): readonly VolumeProgram[] {
  const { deviceName, image } = place;
  const device = luksDevice(place);
  return [
    {
      program: 'cryptsetup',
      args: [
        ...['luksFormat', '--batch-mode', '--type', 'luks2'],
        ...[...CIPHER, ...KEY_SLOT, ...KEY_FROM_INPUT, image],
      ],
      input: key,
      // Every sector is written once: one without its authentication code could not even be overwritten in part.
      timeoutMs: timeToWrite(sizeBytes),
    },
    {
      program: 'cryptsetup',
      args: [
        ...['open', '--type', 'luks2'],
        // After a crash the key is gone, and with it the need for what the journal would restore.
        ...['--integrity-no-journal', ...KEY_FROM_INPUT, image, deviceName],
      ],
      input: key,
      timeoutMs: QUICK_PROGRAM_MS,
    },
    makeFileSystem(device, sizeBytes),
    {
      program: 'mount',
      args: ['-t', 'ext4', '-o', mountOptions(), device, place.mountPoint],
      timeoutMs: QUICK_PROGRAM_MS,
    },
  ];
}

/**
 * Closes the device of a volume that is not mounted; the file under it is let go with it.
 *
 * @param place - where
 */
export function closeLuks({ deviceName }: VolumePlace): VolumeProgram {
  return { program: 'cryptsetup', args: ['close', deviceName], timeoutMs: QUICK_PROGRAM_MS };
}

/** The device with the content of a volume, while it is open. */
export function luksDevice({ deviceName }: VolumePlace): string {
  return `${MAPPER_DIRECTORY}/${deviceName}`;
}
