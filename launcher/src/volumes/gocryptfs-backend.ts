// SPDX-License-Identifier: Apache-2.0
import { stat, statfs } from 'node:fs/promises';
import type { VolumeBackend, VolumePlace } from './encrypted-volume.ts';
import { growLoop } from './file-system-commands.ts';
import { createGocryptfs } from './gocryptfs-commands.ts';
import { mountedOn, unmountAll } from './mounted.ts';
import type { RunVolumeProgram } from './volume-programs.ts';

/** As `mountinfo` names it. */
const FILE_SYSTEM = 'fuse.gocryptfs';

/** Files encrypted and authenticated one by one, by a program, for kernels without device-mapper. */
export class GocryptfsBackend implements VolumeBackend {
  readonly kind = 'gocryptfs' as const;
  readonly #run: RunVolumeProgram;

  constructor(run: RunVolumeProgram) {
    this.#run = run;
  }

  async create(place: VolumePlace, sizeBytes: number, key: Buffer): Promise<void> {
    const calls = createGocryptfs(place, sizeBytes, key);
    try {
      for (const call of calls) await this.#run(call);
    } finally {
      // With a newline behind the key it is a copy.
      for (const { input } of calls) input?.fill(0);
    }
  }

  /** When the program that serves it was killed, it is still mounted, but nothing of it can be read. */
  async isOpen({ mountPoint }: VolumePlace): Promise<boolean> {
    if ((await mountedOn(mountPoint)) !== FILE_SYSTEM) return false;
    return statfs(mountPoint).then(
      () => true,
      () => false,
    );
  }

  async close({ mountPoint, inner }: VolumePlace): Promise<void> {
    await unmountAll(mountPoint, this.#run);
    await unmountAll(inner, this.#run);
  }

  async grow({ image, inner }: VolumePlace, sizeBytes: number): Promise<void> {
    const { dev } = await stat(inner);
    for (const call of growLoop(image, loopDevice(dev), sizeBytes)) await this.#run(call);
  }
}

/** The file system's device is the loop device of that number: bits 0 to 7 and 20 to 31 of it (makedev(3)). */
function loopDevice(dev: number): string {
  const minor = (dev & 0xff) + (Math.floor(dev / 2 ** 20) & 0xfff) * 2 ** 8;
  return `/dev/loop${String(minor)}`;
}
