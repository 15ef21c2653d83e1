// SPDX-License-Identifier: Apache-2.0
import { constants, open as openCallback } from 'node:fs';
import { open } from 'node:fs/promises';
import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { CommandShell } from '../container/command-shell.ts';
import { LauncherError } from '../errors.ts';

/** Bytes that are read at once and are nowhere else until they have been taken; as many as a pipe holds. */
export const FIFO_CHUNK_BYTES: number = 64 * 1024;

const openDescriptor = promisify(openCallback);

/**
 * Makes named pipes that only we can open.
 *
 * @param shell - runs the program that does it: Node has no call for it
 * @throws LauncherError ERR_LAUNCHER_START_FAILED when the system refuses
 */
export async function makeFifos(shell: CommandShell, paths: readonly string[]): Promise<void> {
  const refused = (cause: unknown): never => {
    const message = `cannot make pipes for the output of a container in ${dirname(paths[0] ?? '')}`;
    throw new LauncherError('ERR_LAUNCHER_START_FAILED', message, { cause });
  };
  const made = shell.run({ program: 'mkfifo', args: ['-m', '0600', ...paths] });
  const { status, output } = await made.catch(refused);
  if (status !== 0) refused(new Error(output.trim()));
}

/**
 * Makes sure that the reader of a pipe notices when nobody writes to it. It does so by itself when the last writer goes,
 * but not when there has never been one.
 */
export async function touchFifo(path: string): Promise<void> {
  const { O_NONBLOCK, O_NOFOLLOW, O_WRONLY } = constants;
  const writer = await open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW).catch(() => undefined);
  await writer?.close();
}

/** A named pipe that is being read. */
export class FifoReader {
  /** Settles when everything that was written has been taken, or after {@link stop}. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #take: (bytes: Uint8Array) => Promise<void>;
  #taking: Promise<void> = Promise.resolve();

  private constructor(fd: number, take: (bytes: Uint8Array) => Promise<void>) {
    this.#take = take;
    // The type of the options lacks the field that net.connect hands on to the same constructor.
    const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = {
      fd,
      readable: true,
      writable: false,
      // One buffer that is filled only when it is empty: nothing has been read that has not been taken, so a reader
      // that is stopped loses nothing, and a slow taker slows the writer down.
      onread: {
        buffer: new Uint8Array(FIFO_CHUNK_BYTES),
        callback: (length, buffer) => {
          // A copy: the buffer is used again, and a taker may keep what it got.
          void this.#pass(Uint8Array.from(buffer.subarray(0, length)));
          return false;
        },
      },
    };
    this.#socket = new Socket(options);
    this.ended = new Promise((resolve) => {
      this.#socket.once('close', () => {
        resolve(this.#taking);
      });
      // A pipe that cannot be read any more is as good as one that has ended.
      this.#socket.on('error', () => undefined);
    });
    this.#socket.resume();
  }

  /**
   * Opens a pipe for reading, whether or not anybody has opened it for writing.
   *
   * @param take - gets what is written, piece by piece; the next piece is read when it has settled. Must not reject
   * @throws LauncherError ERR_LAUNCHER_ENGINE_REFUSED when it is not there
   */
  static async open(path: string, take: (bytes: Uint8Array) => Promise<void>): Promise<FifoReader> {
    // With O_NONBLOCK neither this nor a read waits in one of the few threads that file access has.
    const { O_NONBLOCK, O_NOFOLLOW, O_RDONLY } = constants;
    try {
      const fd = await openDescriptor(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
      return new FifoReader(fd, take);
    } catch (cause) {
      const message = `the output of a container cannot be read from ${path}`;
      throw new LauncherError('ERR_LAUNCHER_ENGINE_REFUSED', message, { cause });
    }
  }

  /** Stops reading; what has not been read stays in the pipe for the next reader, as long as it is open for writing. */
  async stop(): Promise<void> {
    this.#socket.destroy();
    await this.ended;
  }

  async #pass(bytes: Uint8Array): Promise<void> {
    this.#taking = this.#take(bytes);
    await this.#taking;
    this.#socket.resume();
  }
}
