// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { LauncherError } from '../errors.ts';
import { hexOf } from './digest.ts';
import { MAX_DOCUMENT_BYTES } from './image-limits.ts';
import { tooLarge } from './image-refusal.ts';
import type { BlobStream, ImageSource } from './image-source.ts';
import type { Descriptor } from './verified-image.ts';

/** Pieces that a layer is read in. */
const PIECE_BYTES = 256 * 1024;

/** An image layout on disk (OCI image-spec, image-layout.md), found by digest alone: its index is not read. */
export class LayoutSource implements ImageSource {
  readonly name: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.name = directory;
    this.#directory = directory;
  }

  /**
   * Finds a layout.
   *
   * @param root - the directory that layouts are in
   * @param name - of the layout; links in it must not lead out of the root
   * @throws LauncherError ERR_LAUNCHER_IMAGE_NOT_FOUND
   */
  static async open(root: string, name: string): Promise<LayoutSource> {
    const path = join(root, name);
    try {
      const [realRoot, realPath] = await Promise.all([realpath(root), realpath(path)]);
      if (realPath.startsWith(`${realRoot}${sep}`)) return new LayoutSource(realPath);
    } catch (cause) {
      throw notFound(path, 'no such directory', cause);
    }
    throw notFound(path, 'a link that leads out of the directory of layouts');
  }

  async manifest(digest: string): Promise<Uint8Array> {
    return await this.#document(digest);
  }

  async config(descriptor: Descriptor): Promise<Uint8Array> {
    return await this.#document(descriptor.digest);
  }

  async layer(descriptor: Descriptor): Promise<BlobStream> {
    const file = await this.#open(descriptor.digest);
    const body = file.createReadStream({ highWaterMark: PIECE_BYTES });
    return { offset: 0, body };
  }

  async #document(digest: string): Promise<Uint8Array> {
    const file = await this.#open(digest);
    try {
      const { size } = await file.stat();
      if (size > MAX_DOCUMENT_BYTES) {
        throw tooLarge(`document ${digest} has too many bytes`, MAX_DOCUMENT_BYTES, size);
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  }

  async #open(digest: string): Promise<FileHandle> {
    const path = join(this.#directory, 'blobs', 'sha256', hexOf(digest));
    let file: FileHandle | undefined;
    try {
      // Not blocking, should somebody have put a pipe there.
      file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      if (!(await file.stat()).isFile()) throw new Error('not a regular file');
      return file;
    } catch (cause) {
      await file?.close();
      throw notFound(path, cause instanceof Error ? cause.message : String(cause), cause);
    }
  }
}

function notFound(path: string, seen: string, cause?: unknown): LauncherError {
  return new LauncherError('ERR_LAUNCHER_IMAGE_NOT_FOUND', `there is no image at ${path}`, {
    expected: 'an OCI image layout',
    seen,
    cause,
  });
}
