// SPDX-License-Identifier: Apache-2.0
import { watch } from 'node:fs';
import { open, readFile, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogSink } from '../logs/log-sink.ts';
import { loggedPieces, type LoggedPiece } from './container-log-lines.ts';

/** Names in the directory of a container's log. */
export const LOG_FILE_NAME = 'log';
const CURSOR_FILE_NAME = 'cursor';

/** Read at once; conmon's own lines have at most 8 KiB. */
const CHUNK_BYTES = 64 * 1024;

/** The kernel tells when something is written; this is for the case that it does not, such as too many watches. */
const LOOK_AGAIN_MS = 1_000;

/** Where the reading of a log stands: a file, which conmon replaces when it is full, and a place in it. */
interface Cursor {
  /** Decimal. */
  readonly inode: string;
  readonly offset: number;
}

/**
 * Delivers what conmon writes into a container's log file. The file is read directly, so output arrives while the
 * engine's service is down as well. How far it has been delivered is written down beside the log: after a launcher
 * was killed, the next one goes on there, and repeats at most the last piece.
 */
export class LogFollower {
  readonly #directory: string;
  readonly #sink: LogSink;
  readonly #wake = new WakeUp();
  readonly #done: Promise<void>;
  /** Open log; conmon may have put another in its place. */
  #file: { readonly handle: FileHandle; readonly inode: string } | undefined;
  #offset = 0;
  /** Lines up to here are in the sink already. */
  #skipUntil: Date | undefined;
  #ending = false;
  #stopped = false;

  /**
   * Starts at once.
   *
   * @param directory - of the container's log
   * @param sink - gets the output, and is closed in the end
   */
  constructor(directory: string, sink: LogSink) {
    this.#directory = directory;
    this.#sink = sink;
    this.#done = this.#follow();
    // Only a sink that fails ends it early; its owner knows.
    this.#done.catch(() => undefined);
  }

  /** Delivers what is in the log now, and ends. */
  async finish(): Promise<void> {
    this.#ending = true;
    this.#wake.now();
    await this.#done.catch(() => undefined);
  }

  /** Ends as soon as possible; the rest stays in the log. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.finish();
  }

  async #follow(): Promise<void> {
    const unwatch = this.#watch();
    try {
      await this.#resume();
      while (!this.#stopped) {
        // Asked before reading: what is written before the end was announced is then read.
        const last = this.#ending;
        await this.#readAll();
        if (last) return;
        await this.#wake.within(LOOK_AGAIN_MS);
      }
    } finally {
      unwatch();
      await this.#file?.handle.close();
      await this.#sink.close();
    }
  }

  /** Without a cursor, the log was begun by this launcher, or its reader never got as far as writing one. */
  async #resume(): Promise<void> {
    const cursor = await readCursor(join(this.#directory, CURSOR_FILE_NAME));
    if (cursor === undefined) {
      this.#skipUntil = this.#sink.lastTime;
      return;
    }
    await this.#openLog();
    if (this.#file?.inode !== cursor.inode) return;
    const { size } = await this.#file.handle.stat();
    if (cursor.offset <= size) this.#offset = cursor.offset;
  }

  async #readAll(): Promise<void> {
    for (;;) {
      await this.#readToEnd();
      const replaced = await this.#isReplaced();
      if (!replaced || this.#stopped) return;
      // Between the two looks something may have been written into the old one.
      await this.#readToEnd();
      await this.#file?.handle.close();
      this.#file = undefined;
      this.#offset = 0;
      await this.#openLog();
    }
  }

  async #readToEnd(): Promise<void> {
    await this.#openLog();
    const file = this.#file;
    if (file === undefined) return;
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    while (!this.#stopped) {
      const { bytesRead } = await file.handle.read(buffer, 0, CHUNK_BYTES, this.#offset);
      const { pieces, length } = loggedPieces(buffer.subarray(0, bytesRead));
      // A line that fills the buffer is not conmon's; it is passed over.
      const consumed = length === 0 && bytesRead === CHUNK_BYTES ? CHUNK_BYTES : length;
      if (consumed === 0) return;
      await this.#deliver(pieces);
      this.#offset += consumed;
      await this.#writeCursor(file.inode);
    }
  }

  async #deliver(pieces: readonly LoggedPiece[]): Promise<void> {
    const known = this.#skipUntil?.getTime() ?? -Infinity;
    const fresh = pieces.filter(({ time }) => !(time.getTime() <= known));
    for (const { stream, bytes } of joined(fresh)) await this.#sink.write(stream, bytes);
  }

  async #openLog(): Promise<void> {
    if (this.#file !== undefined) return;
    const handle = await open(join(this.#directory, LOG_FILE_NAME)).catch(() => undefined);
    if (handle === undefined) return;
    const { ino } = await handle.stat({ bigint: true });
    this.#file = { handle, inode: String(ino) };
  }

  async #isReplaced(): Promise<boolean> {
    if (this.#file === undefined) return false;
    const path = join(this.#directory, LOG_FILE_NAME);
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    return found !== undefined && String(found.ino) !== this.#file.inode;
  }

  /** Not flushed: after a reboot there is no container whose log would be read on. */
  async #writeCursor(inode: string): Promise<void> {
    const text = `${inode} ${String(this.#offset)}\n`;
    await writeFile(join(this.#directory, CURSOR_FILE_NAME), text, { mode: 0o600 });
  }

  #watch(): () => void {
    try {
      const watcher = watch(this.#directory, { persistent: false }, (_event, name) => {
        if (name !== CURSOR_FILE_NAME) this.#wake.now();
      });
      watcher.on('error', () => {
        watcher.close();
      });
      return () => {
        watcher.close();
      };
    } catch {
      return () => undefined;
    }
  }
}

/** Something to be woken up by, which remembers that it was called while nobody waited. */
class WakeUp {
  #called = false;
  #resume: (() => void) | undefined;

  now(): void {
    this.#called = true;
    this.#resume?.();
  }

  async within(timeoutMs: number): Promise<void> {
    if (!this.#called) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs).unref();
        this.#resume = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#resume = undefined;
    this.#called = false;
  }
}

/** A program that writes line by line would otherwise cost a call for each. */
function joined(
  pieces: readonly LoggedPiece[],
): readonly { readonly stream: 'stdout' | 'stderr'; readonly bytes: Buffer }[] {
  const runs: { readonly stream: 'stdout' | 'stderr'; readonly parts: Buffer[] }[] = [];
  for (const { stream, bytes } of pieces) {
    const run = runs.at(-1);
    if (run?.stream === stream) run.parts.push(bytes);
    else runs.push({ stream, parts: [bytes] });
  }
  return runs.map(({ stream, parts }) => ({ stream, bytes: Buffer.concat(parts) }));
}

async function readCursor(path: string): Promise<Cursor | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const found = /^(\d{1,20}) (\d{1,15})\n$/.exec(text);
  if (found === null) return undefined;
  const [, inode = '', offset] = found;
  return { inode, offset: Number(offset) };
}
