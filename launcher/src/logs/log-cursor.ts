// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { LineCutter } from './line-cutter.ts';

/** Bytes read at once. */
const CHUNK_BYTES = 64 * 1024;

/** A line without an end is shown in pieces: somebody prints a picture, or counts on never ending it. */
export const MAX_SHOWN_LINE_BYTES: number = 64 * 1024;

/**
 * A place in a log file that is being written, and that is shortened when it has grown too long: its content moves to
 * `<file>.1`, and it starts anew, as another file of the same name or as the same one cut to nothing.
 */
export class LogCursor {
  readonly #path: string;
  readonly #cutter = new LineCutter(MAX_SHOWN_LINE_BYTES);
  #file: FileHandle | undefined;
  #inode = 0;
  #offset = 0;

  /** @param path - absolute path; the file need not exist yet */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The last bytes, from the beginning of a line on, those of the older file included.
   *
   * @param bytes - how many, at most
   */
  async *tail(bytes: number): AsyncGenerator<string> {
    const file = await this.#openCurrent();
    const size = file === undefined ? 0 : (await file.stat()).size;
    if (size < bytes) yield* this.#older(bytes - size);
    else this.#offset = this.#begin(size, bytes);
    yield* this.more();
  }

  /** What has been written since the last look. */
  async *more(): AsyncGenerator<string> {
    const file = await this.#openCurrent();
    if (file === undefined) return;
    const named = await lstat(this.#path).then(
      ({ ino }) => ino,
      () => undefined,
    );
    if ((await file.stat()).size < this.#offset) this.#offset = 0;
    yield* this.#readOn(file);
    if (named === undefined || named === this.#inode) return;
    yield* this.#turn(named);
  }

  /** The beginning of a line whose end is still missing; to be called last. */
  *rest(): Generator<string> {
    const last = this.#cutter.end();
    if (last !== undefined) yield last.toString('utf8');
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Another file has the name by now, and the one that was read is complete. */
  async *#turn(named: number): AsyncGenerator<string> {
    const before = this.#inode;
    await this.close();
    const older = await openLog(`${this.#path}.1`);
    if (older !== undefined) {
      // It turned more than once since the last look: what is in between is in the older file, or gone.
      const { ino } = await older.stat();
      this.#offset = 0;
      if (ino !== before && ino !== named) yield* this.#readOn(older);
      await older.close();
    }
    this.#offset = 0;
    const file = await this.#openCurrent();
    if (file !== undefined) yield* this.#readOn(file);
  }

  async *#older(bytes: number): AsyncGenerator<string> {
    const file = await openLog(`${this.#path}.1`);
    if (file === undefined) return;
    try {
      const { size, ino } = await file.stat();
      // It turned between the two opens: this is the file that will be read as the current one.
      if (ino === this.#inode) return;
      this.#offset = this.#begin(size, bytes);
      // Its last line may go on in the newer file.
      yield* this.#readOn(file);
    } finally {
      this.#offset = 0;
      await file.close();
    }
  }

  /** Where to begin to read a file for its last bytes: one byte earlier, which may be the end of a line. */
  #begin(size: number, bytes: number): number {
    const start = size - bytes - 1;
    if (start >= 0) this.#cutter.skipLine();
    return Math.max(0, start);
  }

  async *#readOn(file: FileHandle): AsyncGenerator<string> {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      const lines = this.#cutter.push(chunk.subarray(0, bytesRead));
      for (const line of lines) yield line.toString('utf8');
    }
  }

  async #openCurrent(): Promise<FileHandle | undefined> {
    if (this.#file !== undefined) return this.#file;
    this.#file = await openLog(this.#path);
    if (this.#file !== undefined) this.#inode = (await this.#file.stat()).ino;
    return this.#file;
  }
}

async function openLog(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
