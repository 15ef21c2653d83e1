// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { LauncherError } from '../errors.ts';
import type { VolumeBackend, VolumePlace } from './encrypted-volume.ts';
import { closeLuks, createLuks, luksDevice } from './luks-commands.ts';
import { mountedOn, retryWhileBusy, unmountAll } from './mounted.ts';
import type { RunVolumeProgram } from './volume-programs.ts';

/** LUKS2 with authenticated sectors, in the kernel. */
export class LuksBackend implements VolumeBackend {
  readonly kind = 'luks2' as const;
  readonly #run: RunVolumeProgram;

  constructor(run: RunVolumeProgram) {
    this.#run = run;
  }

  async create(place: VolumePlace, sizeBytes: number, key: Buffer): Promise<void> {
    for (const call of createLuks(place, sizeBytes, key)) await this.#run(call);
  }

  /** What is mounted there has to be the device of that name, and not one that was mounted over it. */
  async isOpen(place: VolumePlace): Promise<boolean> {
    const device = await stat(luksDevice(place)).catch(() => undefined);
    const root = await stat(place.mountPoint).catch(() => undefined);
    const isMounted = (await mountedOn(place.mountPoint)) === 'ext4';
    return device !== undefined && isMounted && root?.dev === device.rdev;
  }

  async close(place: VolumePlace): Promise<void> {
    await unmountAll(place.mountPoint, this.#run);
    const device = await stat(luksDevice(place)).catch(() => undefined);
    if (device !== undefined) await retryWhileBusy(() => this.#run(closeLuks(place)));
  }

  grow(): Promise<void> {
    const message = 'an encrypted volume whose sectors are authenticated cannot be made larger';
    const hint = 'unload the workload and load it with more storage';
    return Promise.reject(new LauncherError('ERR_LAUNCHER_VOLUME_REFUSED', message, { hint }));
  }
}
