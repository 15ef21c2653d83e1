// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { open, rename, type FileHandle } from 'node:fs/promises';

/** Only the launcher's user reads what containers print. */
const MODE = 0o600;

/**
 * A file that is appended to and starts anew when it is full; what it held until then is kept as `<file>.1`. A reader
 * that has it open sees all of it, and finds the new one by looking at the name again.
 */
export class RingFile {
  readonly #path: string;
  readonly #maxBytes: number;
  #file: FileHandle | undefined;
  #size = 0;
  /** One writer at a time. */
  #turn: Promise<void> = Promise.resolve();

  /**
   * @param path - absolute path, in a directory that exists
   * @param maxBytes - of each of the two files
   */
  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /**
   * Appends.
   *
   * @param bytes - whole lines
   * @throws what the file system says; the next call tries anew
   */
  append(bytes: Uint8Array): Promise<void> {
    return this.#inTurn(() => this.#append(bytes));
  }

  /** Lets go of the file, when everything has been written. */
  close(): Promise<void> {
    return this.#inTurn(() => this.#close());
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const file = await this.#fileFor(bytes.length);
    try {
      await file.appendFile(bytes);
      this.#size += bytes.length;
    } catch (error) {
      // Nobody knows how much of it was written.
      await this.#close();
      throw error;
    }
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #fileFor(bytes: number): Promise<FileHandle> {
    const file = await this.#open();
    if (this.#size === 0 || this.#size + bytes <= this.#maxBytes) return file;
    // Closed first: what has become the older file does not grow any more.
    await this.#close();
    await rename(this.#path, `${this.#path}.1`);
    return this.#open();
  }

  async #open(): Promise<FileHandle> {
    if (this.#file !== undefined) return this.#file;
    const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = constants;
    const file = await open(this.#path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, MODE);
    this.#file = file;
    this.#size = (await file.stat()).size;
    return file;
  }
}
