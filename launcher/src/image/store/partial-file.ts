// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { storeFailure } from './store-failure.ts';

/** Pieces that it is read in again. */
const PIECE_BYTES = 256 * 1024;

/** A blob on its way to the disk. What is there of it survives, so that a download can go on where it broke off. */
export class PartialFile {
  readonly #path: string;
  readonly #file: FileHandle;
  #size: number;

  private constructor(path: string, file: FileHandle, size: number) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
  }

  /** Opens what an earlier download left, or begins anew. @throws LauncherError ERR_LAUNCHER_IMAGE_STORE_FAILED */
  static async open(path: string): Promise<PartialFile> {
    try {
      const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
      const file = await open(path, O_CREAT | O_NOFOLLOW | O_RDWR, 0o600);
      return new PartialFile(path, file, (await file.stat()).size);
    } catch (cause) {
      throw storeFailure(path, cause);
    }
  }

  /** Bytes that are there. */
  get size(): number {
    return this.#size;
  }

  /** Reads what is there. */
  async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < this.#size;) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, this.#size - at));
      const { bytesRead } = await this.#attempt(this.#file.read(piece, 0, piece.length, at));
      if (bytesRead === 0) throw storeFailure(this.#path, new Error('it became shorter'));
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const rest = bytes.length - at;
      const { bytesWritten } = await this.#attempt(this.#file.write(bytes, at, rest, this.#size));
      at += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  /** Throws away what is there. */
  async clear(): Promise<void> {
    await this.#attempt(this.#file.truncate(0));
    this.#size = 0;
  }

  /** Makes it a blob: what has the name of a blob is complete, also after a loss of power. */
  async moveTo(path: string): Promise<void> {
    await this.#attempt(this.#file.sync());
    await this.#attempt(rename(this.#path, path));
    const directory = await this.#attempt(open(dirname(path), constants.O_RDONLY));
    try {
      await this.#attempt(directory.sync());
    } finally {
      await directory.close();
    }
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #attempt<T>(act: Promise<T>): Promise<T> {
    try {
      return await act;
    } catch (cause) {
      throw storeFailure(this.#path, cause);
    }
  }
}
