// SPDX-License-Identifier: Apache-2.0
import { createGunzip, type Gunzip } from 'node:zlib';
import type { Unpacker } from './unpacker.ts';

/** Output is handed over in pieces of this size; zlib's own choice of 16 KiB spends its time on going back and forth. */
const PIECE_BYTES = 256 * 1024;

/** Unpacks gzip with one or more members (RFC 1952), in zlib's own thread. */
export class GzipUnpacker implements Unpacker {
  readonly #gunzip: Gunzip = createGunzip({ chunkSize: PIECE_BYTES });
  #fed = 0;
  #failed = false;
  #failure: unknown;

  /** @param consume - gets each piece */
  constructor(consume: (piece: Uint8Array) => void) {
    this.#gunzip.on('data', (piece: Buffer) => {
      if (this.#failed) return;
      try {
        consume(piece);
      } catch (error) {
        this.#fail(error);
        this.#gunzip.destroy();
      }
    });
    this.#gunzip.on('error', (error) => {
      this.#fail(error);
    });
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#throwFailure();
    this.#fed += chunk.length;
    await this.#settled((done) => this.#gunzip.write(chunk, done));
    this.#throwFailure();
  }

  async finish(): Promise<void> {
    this.#throwFailure();
    await this.#settled(() => this.#gunzip.end());
    this.#throwFailure();
    // zlib overlooks zeros after the last member; others do not.
    if (this.#gunzip.bytesWritten !== this.#fed) throw new Error('bytes after the end');
  }

  close(): void {
    this.#gunzip.destroy();
  }

  /** Waits for the callback, or for the stream to be over: then nobody calls back. */
  async #settled(act: (done: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#gunzip.off('close', done);
        resolve();
      };
      this.#gunzip.once('close', done);
      act(done);
    });
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#failure = error;
  }

  #throwFailure(): void {
    if (!this.#failed) return;
    throw this.#failure instanceof Error ? this.#failure : new Error(String(this.#failure));
  }
}
