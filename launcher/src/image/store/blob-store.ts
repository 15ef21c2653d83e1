// SPDX-License-Identifier: Apache-2.0
import { lstat, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDir, readBoundedFile, writeFileAtomic } from '@proofgate/daemon';
import { asDigest, digestOf, hexOf, isDigest } from '../digest.ts';
import { MAX_DOCUMENT_BYTES } from '../image-limits.ts';
import type { LayerFacts } from '../layer/layer-check.ts';
import { parseFacts, writeFacts } from './layer-facts-file.ts';
import { PartialFile } from './partial-file.ts';
import { storeFailure, unlessMissing } from './store-failure.ts';

/** Nobody else may look at images, or put others in their place. */
const DIRECTORY_MODE = 0o700;
const MAX_FACTS_BYTES = 4_096;

/** A blob that is there, or a part of one. */
export interface StoredBlob {
  readonly digest: string;
  /** Bytes of it that are there. */
  readonly size: number;
  /** When something of it arrived last; absent when it is complete. */
  readonly arrivedMs?: number;
}

/**
 * Blobs on disk: `blobs/sha256/<hex>` as in an image layout, `facts/<hex>` with what is known of a layer, and
 * `partial/<hex>` with what has arrived of one.
 */
export class BlobStore {
  readonly #blobs: string;
  readonly #facts: string;
  readonly #partial: string;

  private constructor(directory: string) {
    this.#blobs = join(directory, 'blobs', 'sha256');
    this.#facts = join(directory, 'facts');
    this.#partial = join(directory, 'partial');
  }

  /** @throws DaemonError when the directories cannot be made, or belong to another user */
  static async open(directory: string): Promise<BlobStore> {
    const store = new BlobStore(directory);
    for (const path of [
      directory,
      join(directory, 'blobs'),
      store.#blobs,
      store.#facts,
      store.#partial,
    ]) {
      await ensureDir(path, DIRECTORY_MODE);
    }
    return store;
  }

  /** Where a blob is, if it is there. */
  pathOf(digest: string): string {
    return join(this.#blobs, hexOf(digest));
  }

  /** Bytes of a blob; `undefined` when it is not there. */
  async sizeOf(digest: string): Promise<number | undefined> {
    const found = await this.#attempt(unlessMissing(lstat(this.pathOf(digest))));
    return found?.isFile() === true ? found.size : undefined;
  }

  /** Reads a document; `undefined` when it is not there, or is not what its name says. */
  async readDocument(digest: string): Promise<Uint8Array | undefined> {
    const size = await this.sizeOf(digest);
    if (size === undefined || size > MAX_DOCUMENT_BYTES) return undefined;
    const bytes = await this.#attempt(readBoundedFile(this.pathOf(digest), MAX_DOCUMENT_BYTES));
    return digestOf(bytes) === digest ? bytes : undefined;
  }

  /** Writes a document under its digest. */
  async writeDocument(digest: string, bytes: Uint8Array): Promise<void> {
    await this.#attempt(writeFileAtomic(this.pathOf(digest), bytes));
  }

  /** What is known of a layer. */
  async readFacts(digest: string): Promise<LayerFacts | undefined> {
    const path = join(this.#facts, hexOf(digest));
    const found = await this.#attempt(unlessMissing(stat(path)));
    if (found === undefined) return undefined;
    return parseFacts(await this.#attempt(readBoundedFile(path, MAX_FACTS_BYTES)));
  }

  async writeFacts(digest: string, facts: LayerFacts): Promise<void> {
    await this.#attempt(writeFileAtomic(join(this.#facts, hexOf(digest)), writeFacts(facts)));
  }

  async openPartial(digest: string): Promise<PartialFile> {
    return await PartialFile.open(join(this.#partial, hexOf(digest)));
  }

  /** Removes what there is of these blobs. */
  async remove(digests: readonly string[]): Promise<void> {
    for (const digest of digests) {
      for (const directory of [this.#blobs, this.#facts, this.#partial]) {
        await this.#attempt(rm(join(directory, hexOf(digest)), { force: true }));
      }
    }
  }

  /** Removes what has arrived of a blob that is not complete. */
  async removePartial(digest: string): Promise<void> {
    await this.#attempt(rm(join(this.#partial, hexOf(digest)), { force: true }));
  }

  /** Everything that is there. */
  async list(): Promise<readonly StoredBlob[]> {
    const [complete, facts, partial] = await Promise.all(
      [this.#blobs, this.#facts, this.#partial].map((directory) => this.#filesIn(directory)),
    );
    const blobs = new Map<string, StoredBlob>();
    for (const blob of [...(facts ?? []), ...(partial ?? [])]) blobs.set(blob.digest, blob);
    for (const { digest, size } of complete ?? []) blobs.set(digest, { digest, size });
    return [...blobs.values()];
  }

  /** Removes what a process left that ended in the middle of writing. */
  async removeTemporaries(olderThanMs: number): Promise<void> {
    for (const directory of [this.#blobs, this.#facts]) {
      for (const name of await this.#attempt(readdir(directory))) {
        const path = join(directory, name);
        const file = name.startsWith('.') ? await unlessMissing(lstat(path)) : undefined;
        if (file === undefined || file.mtimeMs > olderThanMs) continue;
        await this.#attempt(rm(path, { force: true }));
      }
    }
  }

  async #filesIn(directory: string): Promise<readonly StoredBlob[]> {
    const names = await this.#attempt(readdir(directory));
    const found: StoredBlob[] = [];
    for (const digest of names.map(asDigest).filter(isDigest)) {
      const file = await this.#attempt(unlessMissing(lstat(join(directory, hexOf(digest)))));
      if (file !== undefined) found.push({ digest, size: file.size, arrivedMs: file.mtimeMs });
    }
    return found;
  }

  async #attempt<T>(act: Promise<T>): Promise<T> {
    try {
      return await act;
    } catch (cause) {
      throw storeFailure(this.#blobs, cause);
    }
  }
}
