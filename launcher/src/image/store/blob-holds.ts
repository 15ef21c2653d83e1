// SPDX-License-Identifier: Apache-2.0
import type { BlobStore } from './blob-store.ts';

/**
 * Who needs which blob at the moment. A blob that a pull holds is not removed; one that is being removed is held only
 * when it is gone, so that the pull sees that it has to fetch it again.
 */
export class BlobHolds {
  readonly #store: BlobStore;
  readonly #held = new Map<string, number>();
  /** Fetched by this process, and part of no complete image yet. */
  readonly #fresh = new Set<string>();
  readonly #removals = new Map<string, Promise<void>>();
  /** Grows whenever an image has become complete. */
  #generation = 0;

  constructor(store: BlobStore) {
    this.#store = store;
  }

  /** Keeps blobs from being removed, until {@link BlobHolds.release}. */
  async hold(digests: readonly string[]): Promise<void> {
    for (const digest of digests) this.#held.set(digest, (this.#held.get(digest) ?? 0) + 1);
    for (const digest of digests) await this.#removals.get(digest)?.catch(() => undefined);
  }

  /** Ends a hold. */
  release(digests: readonly string[]): void {
    for (const digest of digests) {
      const left = (this.#held.get(digest) ?? 0) - 1;
      if (left > 0) this.#held.set(digest, left);
      else this.#held.delete(digest);
    }
  }

  /** A blob has just been fetched. */
  fetched(digest: string): void {
    this.#fresh.add(digest);
  }

  /** An image that consists of these blobs is complete. */
  complete(digests: readonly string[]): void {
    for (const digest of digests) this.#fresh.delete(digest);
    this.#generation += 1;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Removes what was fetched for an image that was refused, as far as nobody else needs it. */
  async discard(digests: readonly string[]): Promise<void> {
    const unused = digests.filter((digest) => !this.#held.has(digest));
    await this.#remove(unused.filter((digest) => this.#fresh.has(digest)));
    for (const digest of unused) {
      if (!this.#held.has(digest)) await this.#store.removePartial(digest);
    }
  }

  /** Removes blobs, as far as nobody needs them, and says which. */
  async sweep(digests: readonly string[]): Promise<readonly string[]> {
    const unused = digests.filter((digest) => !this.#held.has(digest));
    await this.#remove(unused);
    return unused;
  }

  /** Decides for all of them at once: who holds one later has to wait, and who held one before is not disturbed. */
  async #remove(digests: readonly string[]): Promise<void> {
    const removals = digests.map((digest) => {
      this.#fresh.delete(digest);
      const removal = this.#store.remove([digest]).finally(() => {
        if (this.#removals.get(digest) === removal) this.#removals.delete(digest);
      });
      this.#removals.set(digest, removal);
      return removal;
    });
    await Promise.all(removals);
  }
}
