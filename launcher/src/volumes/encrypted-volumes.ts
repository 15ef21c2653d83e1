// SPDX-License-Identifier: Apache-2.0
import { chmod, chown, mkdir, readdir, rm, rmdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDir, type Logger } from '@proofgate/daemon';
import { LauncherError } from '../errors.ts';
import {
  GENERATED_KEY,
  type EncryptedVolume,
  type FoundVolume,
  type VolumeBackend,
  type VolumePlace,
  type VolumeRequest,
} from './encrypted-volume.ts';
import { reserve } from './file-system-commands.ts';
import { readVolumeRecord, writeVolumeRecord, type VolumeRecord } from './volume-record.ts';
import type { RunVolumeProgram } from './volume-programs.ts';

/** What {@link EncryptedVolumes} works with. */
export interface EncryptedVolumesOptions {
  /** 8 hex digits that tell this launcher's volumes from another one's. */
  readonly owner: string;
  /** Absolute; the encrypted bytes are kept below it. */
  readonly directory: string;
  /** Absolute, without links; volumes are mounted below it. */
  readonly mountDirectory: string;
  readonly backend: VolumeBackend;
  readonly run: RunVolumeProgram;
  /** Draws secret bytes. */
  readonly random: (bytes: number) => Uint8Array;
  readonly logger: Logger;
}

/** Room for what LUKS2 keeps about a volume, its authentication codes and an empty file system. */
export const MIN_VOLUME_BYTES: number = 64 * 1024 * 1024;

/** 256 bits, which no cipher here has more strength than. */
const KEY_BYTES = 32;

/** File systems and sectors have blocks of this size. */
const BLOCK_BYTES = 4_096;

/**
 * The encrypted volumes of one launcher, one for each workload that asks for storage. Their keys are drawn at random and
 * kept by the kernel or the program that serves them, nowhere else: a volume lives until its workload is unloaded or
 * the VM ends. When only the launcher ends, volumes stay open, and the next one finds them.
 */
export class EncryptedVolumes {
  readonly #options: EncryptedVolumesOptions;
  /** One operation on a volume at a time. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(options: EncryptedVolumesOptions) {
    this.#options = options;
  }

  /**
   * Opens a volume: the one that is open already, or a new and empty one.
   *
   * @returns where it is
   * @throws LauncherError ERR_LAUNCHER_VOLUME_REFUSED when it is too small, or open and smaller than this;
   *   ERR_LAUNCHER_VOLUME_FAILED when the system fails
   */
  async open(request: VolumeRequest): Promise<EncryptedVolume> {
    const { name } = request;
    const sizeBytes = Math.floor(request.sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
    if (sizeBytes < MIN_VOLUME_BYTES) throw tooSmall(name, request.sizeBytes);
    return this.#alone(name, async () => {
      const record = await readVolumeRecord(this.#recordPath(name));
      if (record !== undefined && (await this.#options.backend.isOpen(this.#place(name)))) {
        // It may have grown since it was declared.
        if (record.sizeBytes < sizeBytes) throw otherSize(name, sizeBytes, record.sizeBytes);
        return this.#volume(name, record);
      }
      await this.#destroy(name);
      return this.#create({ ...request, sizeBytes });
    });
  }

  /** Closes a volume and forgets it: without its key nobody can read what is left on the disk. */
  async destroy(name: string): Promise<void> {
    await this.#alone(name, async () => {
      // Throws for a volume that another kind of key opens.
      await readVolumeRecord(this.#recordPath(name));
      await this.#destroy(name);
    });
  }

  /**
   * Makes an open volume larger.
   *
   * @throws LauncherError ERR_LAUNCHER_VOLUME_REFUSED when it is not open, would become smaller, or is of a kind that
   *   cannot grow
   */
  async grow(name: string, sizeBytes: number): Promise<EncryptedVolume> {
    return this.#alone(name, async () => {
      const { backend } = this.#options;
      const place = this.#place(name);
      const record = await readVolumeRecord(this.#recordPath(name));
      if (record === undefined || !(await backend.isOpen(place))) throw notOpen(name);
      const rounded = Math.floor(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
      if (rounded < record.sizeBytes) throw otherSize(name, rounded, record.sizeBytes);
      await backend.grow(place, rounded);
      const grown = { ...record, sizeBytes: rounded };
      await writeVolumeRecord(this.#recordPath(name), grown);
      return this.#volume(name, grown);
    });
  }

  /** All volumes, open or not. */
  async list(): Promise<readonly FoundVolume[]> {
    const found: FoundVolume[] = [];
    for (const name of await this.#names()) {
      const record = await readVolumeRecord(this.#recordPath(name)).catch(() => undefined);
      if (record !== undefined) found.push(await this.#found(name, record));
    }
    return found;
  }

  /** Destroys all volumes but these: those that an earlier launcher left. */
  async retain(names: ReadonlySet<string>): Promise<void> {
    for (const name of await this.#names()) {
      if (names.has(name)) continue;
      await this.destroy(name).catch((err: unknown) => {
        this.#options.logger.warn({ err, volume: name }, 'volume without a workload is left');
      });
    }
  }

  async #create({ name, sizeBytes, uid, gid }: VolumeRequest): Promise<EncryptedVolume> {
    const { backend, run, logger } = this.#options;
    const place = this.#place(name);
    const record: VolumeRecord = { kind: backend.kind, keyOrigin: GENERATED_KEY, sizeBytes };
    const key = this.#drawKey();
    try {
      await this.#makeDirectories(name, place);
      // Before anything else: whatever is found later without being open has lost its key.
      await writeVolumeRecord(this.#recordPath(name), record);
      await run(reserve(place.image, sizeBytes));
      await backend.create(place, sizeBytes, key);
      if (!(await backend.isOpen(place))) throw notOpen(name);
      // Programs that want an empty directory should get one.
      await rmdir(join(place.mountPoint, 'lost+found')).catch(() => undefined);
      await chown(place.mountPoint, uid, gid);
      await chmod(place.mountPoint, 0o700);
    } catch (error) {
      await this.#destroy(name).catch((err: unknown) => {
        logger.warn({ err, volume: name }, 'volume that could not be made is left');
      });
      throw error;
    } finally {
      key.fill(0);
    }
    return this.#volume(name, record);
  }

  /** Printable, since some programs read it as a line of text. */
  #drawKey(): Buffer {
    const bytes = this.#options.random(KEY_BYTES);
    const digits = '0123456789abcdef';
    const key = Buffer.alloc(2 * bytes.length);
    for (const [at, byte] of bytes.entries()) {
      // Written digit by digit: a string of it could not be wiped.
      key[2 * at] = digits.charCodeAt(byte >> 4);
      key[2 * at + 1] = digits.charCodeAt(byte & 15);
    }
    bytes.fill(0);
    return key;
  }

  async #makeDirectories(name: string, place: VolumePlace): Promise<void> {
    const { directory, mountDirectory } = this.#options;
    await ensureDir(directory, 0o700);
    await ensureDir(this.#directory(name), 0o700);
    await ensureDir(mountDirectory, 0o711);
    await mkdir(place.inner, { mode: 0o700 });
    await mkdir(place.mountPoint, { mode: 0o700 });
  }

  async #destroy(name: string): Promise<void> {
    const place = this.#place(name);
    await this.#options.backend.close(place);
    await rmdir(place.mountPoint).catch(ignoreMissing);
    await rm(this.#directory(name), { recursive: true, force: true });
  }

  async #found(name: string, record: VolumeRecord): Promise<FoundVolume> {
    const volume = this.#volume(name, record);
    if (!(await this.#options.backend.isOpen(this.#place(name)))) {
      return { ...volume, mounted: false };
    }
    const { bsize, blocks, bfree, bavail } = await statfs(volume.directory);
    const usage = { usedBytes: (blocks - bfree) * bsize, availableBytes: bavail * bsize };
    return { ...volume, mounted: true, ...usage };
  }

  #volume(name: string, { kind, keyOrigin, sizeBytes }: VolumeRecord): EncryptedVolume {
    return { name, kind, keyOrigin, sizeBytes, directory: this.#place(name).mountPoint };
  }

  async #names(): Promise<readonly string[]> {
    const entries = await readdir(this.#options.directory, { withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  #place(name: string): VolumePlace {
    const { owner, mountDirectory } = this.#options;
    return {
      deviceName: `proofgate-${owner}-${name}`,
      image: join(this.#directory(name), 'image'),
      inner: join(this.#directory(name), 'inner'),
      mountPoint: join(mountDirectory, name),
    };
  }

  #directory(name: string): string {
    return join(this.#options.directory, name);
  }

  #recordPath(name: string): string {
    return join(this.#directory(name), 'volume.json');
  }

  #alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(name) ?? Promise.resolve();
    const result = before.then(work, work);
    const settled = result.catch(() => undefined);
    this.#queues.set(name, settled);
    void settled.then(() => {
      if (this.#queues.get(name) === settled) this.#queues.delete(name);
    });
    return result;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function tooSmall(name: string, sizeBytes: number): LauncherError {
  const message = `storage of ${name} is too small to be encrypted`;
  const expected = `at least ${String(MIN_VOLUME_BYTES)} bytes`;
  const details = { expected, seen: `${String(sizeBytes)} bytes` };
  return new LauncherError('ERR_LAUNCHER_VOLUME_REFUSED', message, details);
}

function otherSize(name: string, sizeBytes: number, open: number): LauncherError {
  const message = `volume of ${name} is open with another size`;
  const details = { expected: `${String(open)} bytes or more`, seen: `${String(sizeBytes)} bytes` };
  return new LauncherError('ERR_LAUNCHER_VOLUME_REFUSED', message, details);
}

function notOpen(name: string): LauncherError {
  return new LauncherError('ERR_LAUNCHER_VOLUME_REFUSED', `volume of ${name} is not open`);
}
