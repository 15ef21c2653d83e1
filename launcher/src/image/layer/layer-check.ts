// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from 'node:crypto';
import { LauncherError } from '../../errors.ts';
import { asDigest } from '../digest.ts';
import type { LayerEntry } from '../document/image-manifest.ts';
import { EXPANSION_FLOOR_BYTES, type ImageLimits } from '../image-limits.ts';
import { mismatch, tooLarge } from '../image-refusal.ts';
import type { LayerFindings } from './layer-policy.ts';
import { TarScan } from './tar-scan.ts';
import { unpackerFor } from './layer-unpacker.ts';
import type { Unpacker } from './unpacker.ts';

/** What is known of a layer whose bytes have all been looked at. */
export interface LayerFacts {
  /** Digest of the unpacked archive. */
  readonly diffId: string;
  readonly unpackedSize: number;
  readonly findings: LayerFindings;
}

/**
 * Checks a layer while it passes by: digest and size of the packed bytes, digest and size of the unpacked ones, and
 * every entry of the archive. Nothing is kept.
 *
 * An entry that is not acceptable is reported at the end: with other bytes than its digest names, a layer is refused
 * for that, whatever the wrong bytes look like.
 */
export class LayerCheck {
  readonly #layer: LayerEntry;
  readonly #what: string;
  readonly #limits: ImageLimits;
  readonly #packed: Hash = createHash('sha256');
  readonly #unpacked: Hash = createHash('sha256');
  readonly #unpacker: Unpacker;
  readonly #scan: TarScan;
  #packedSize = 0;
  #unpackedSize = 0;
  #unacceptable: LauncherError | undefined;

  constructor(layer: LayerEntry, limits: ImageLimits) {
    this.#layer = layer;
    this.#what = `layer ${layer.digest}`;
    this.#limits = limits;
    this.#scan = new TarScan(this.#what, limits.maxEntries);
    this.#unpacker = unpackerFor(layer.compression, (piece) => {
      this.#takeUnpacked(piece);
    });
  }

  /**
   * Takes the next bytes and resolves when they have been looked at.
   *
   * @throws LauncherError ERR_LAUNCHER_IMAGE_MISMATCH, ERR_LAUNCHER_IMAGE_TOO_LARGE
   */
  async write(chunk: Uint8Array): Promise<void> {
    this.#packedSize += chunk.length;
    if (this.#packedSize > this.#layer.size) throw this.#wrongSize();
    this.#packed.update(chunk);
    await this.#unpack(() => this.#unpacker.write(chunk));
  }

  /**
   * What was found, when all bytes have passed.
   *
   * @throws LauncherError ERR_LAUNCHER_IMAGE_MISMATCH, ERR_LAUNCHER_IMAGE_TOO_LARGE, ERR_LAUNCHER_IMAGE_REFUSED
   */
  async finish(): Promise<LayerFacts> {
    if (this.#packedSize !== this.#layer.size) throw this.#wrongSize();
    const digest = asDigest(this.#packed.digest('hex'));
    if (digest !== this.#layer.digest) {
      throw mismatch(`${this.#what} has another digest`, {
        expected: this.#layer.digest,
        seen: digest,
      });
    }
    await this.#unpack(() => this.#unpacker.finish());
    if (this.#unacceptable !== undefined) throw this.#unacceptable;
    return {
      diffId: asDigest(this.#unpacked.digest('hex')),
      unpackedSize: this.#unpackedSize,
      findings: this.#scan.finish(),
    };
  }

  /** Lets go of what is not finished. */
  close(): void {
    this.#unpacker.close();
  }

  async #unpack(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (cause) {
      if (cause instanceof LauncherError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw mismatch(`${this.#what} cannot be unpacked`, {
        expected: `an archive packed with ${this.#layer.compression}`,
        seen: reason,
        cause,
      });
    }
  }

  #takeUnpacked(piece: Uint8Array): void {
    this.#unpackedSize += piece.length;
    this.#checkExpansion();
    this.#unpacked.update(piece);
    if (this.#unacceptable !== undefined) return;
    try {
      this.#scan.write(piece);
    } catch (error) {
      if (!(error instanceof LauncherError) || error.code === 'ERR_LAUNCHER_IMAGE_TOO_LARGE') {
        throw error;
      }
      this.#unacceptable = error;
    }
  }

  #checkExpansion(): void {
    const { maxImageBytes, maxExpansion } = this.#limits;
    const size = this.#unpackedSize;
    if (size > maxImageBytes) {
      throw tooLarge(`${this.#what} unpacks to too many bytes`, maxImageBytes, size);
    }
    const most = Math.max(EXPANSION_FLOOR_BYTES, this.#layer.size * maxExpansion);
    if (size > most) throw tooLarge(`${this.#what} unpacks to too many bytes`, most, size);
  }

  #wrongSize(): LauncherError {
    return mismatch(`${this.#what} has another size`, {
      expected: String(this.#layer.size),
      seen: this.#packedSize > this.#layer.size ? 'more' : String(this.#packedSize),
    });
  }
}
