// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { UserAndGroup } from '@proofgate/api';
import type { Logger } from '@proofgate/daemon';
import {
  volumeDirectories,
  type VolumeDirectory,
} from '../container/volumes/volume-directories.ts';
import { LauncherError } from '../errors.ts';
import type { MeasuredWorkload } from '../measurement/measured-workload.ts';
import type { FoundVolume } from '../volumes/encrypted-volume.ts';
import type { EncryptedVolumes } from '../volumes/encrypted-volumes.ts';
import { openEncryptedVolumes } from '../volumes/open-encrypted-volumes.ts';

/** What the storage of containers needs. */
export interface StorageVolumesOptions {
  /** Eight hex digits that tell launchers on one machine apart. */
  readonly owner: string;
  /** Absolute path of the launcher's data directory. */
  readonly dataDir: string;
  /** Absolute path of its directory for what a reboot empties. */
  readonly runDir: string;
  readonly logger: Logger;
}

/**
 * The encrypted volumes of containers that declare `storage`. A volume belongs to a name: the version that replaces
 * another finds what that one has written, and the volume is destroyed when the last version is unloaded.
 */
export class StorageVolumes {
  readonly #options: StorageVolumesOptions;
  readonly #users = new Map<string, Set<MeasuredWorkload>>();
  #opening: Promise<EncryptedVolumes> | undefined;

  constructor(options: StorageVolumesOptions) {
    this.#options = options;
  }

  /**
   * Opens the volume of a container.
   *
   * @param measured - the container
   * @param owner - whom it belongs to, in numbers of the VM
   * @returns where it is mounted; `undefined` when it declares none
   * @throws LauncherError ERR_LAUNCHER_VOLUME_REFUSED, ERR_LAUNCHER_VOLUME_FAILED
   */
  async open(measured: MeasuredWorkload, owner: UserAndGroup): Promise<string | undefined> {
    const { name, storage } = measured.config;
    if (storage === undefined) return undefined;
    this.use(measured);
    const volumes = await this.#volumes();
    const { directory } = await volumes.open({ name, sizeBytes: storage, ...owner });
    return directory;
  }

  /** Says that a container has its volume, which an earlier launcher has opened. */
  use(measured: MeasuredWorkload): void {
    const { name, storage } = measured.config;
    if (storage === undefined) return;
    const users = this.#users.get(name) ?? new Set();
    this.#users.set(name, users.add(measured));
  }

  /** Says that a version is gone for good; the volume goes with the last one. */
  async release(measured: MeasuredWorkload): Promise<void> {
    const { name } = measured.config;
    const users = this.#users.get(name);
    if (users?.delete(measured) !== true || users.size > 0) return;
    this.#users.delete(name);
    await (await this.#volumes()).destroy(name);
  }

  /**
   * Destroys the volumes that an earlier launcher left for workloads that there are no more.
   *
   * @param names - workloads that have storage
   */
  async retain(names: ReadonlySet<string>): Promise<void> {
    if (!this.#mayHaveSome) return;
    await (await this.#volumes()).retain(names);
  }

  /** The volumes that are not encrypted. */
  directories(): Promise<readonly VolumeDirectory[]> {
    return volumeDirectories(this.#options.dataDir);
  }

  /** All encrypted volumes that there are. */
  async list(): Promise<readonly FoundVolume[]> {
    return this.#mayHaveSome ? (await this.#volumes()).list() : [];
  }

  /**
   * Makes a volume larger.
   *
   * @throws LauncherError ERR_LAUNCHER_VOLUME_UNKNOWN, ERR_LAUNCHER_VOLUME_REFUSED
   */
  async grow(name: string, sizeBytes: number): Promise<void> {
    await this.#demand(name);
    await (await this.#volumes()).grow(name, sizeBytes);
  }

  /**
   * Destroys a volume that no workload has.
   *
   * @throws LauncherError ERR_LAUNCHER_VOLUME_UNKNOWN, ERR_LAUNCHER_VOLUME_IN_USE
   */
  async destroy(name: string): Promise<void> {
    await this.#demand(name);
    if (this.#users.has(name)) {
      const message = `volume ${name} belongs to a workload that is loaded`;
      throw new LauncherError('ERR_LAUNCHER_VOLUME_IN_USE', message, { hint: 'unload it first' });
    }
    await (await this.#volumes()).destroy(name);
  }

  /** Without a directory for them there are none, and nothing has to be looked for on the machine. */
  get #mayHaveSome(): boolean {
    return this.#opening !== undefined || existsSync(join(this.#options.dataDir, 'encrypted'));
  }

  async #demand(name: string): Promise<void> {
    const found = (await this.list()).some((volume) => volume.name === name);
    if (found) return;
    throw new LauncherError('ERR_LAUNCHER_VOLUME_UNKNOWN', `there is no volume "${name}"`);
  }

  async #volumes(): Promise<EncryptedVolumes> {
    this.#opening ??= openEncryptedVolumes({ ...this.#options, random: randomBytes });
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }
}
