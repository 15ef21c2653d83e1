// SPDX-License-Identifier: Apache-2.0
import {
  BLOCK_HEADER_BYTES,
  blockBodySize,
  MAX_BLOCK_BYTES,
  parseBlockHeader,
} from './block-header.ts';
import { frameHeaderSize, MAX_FRAME_HEADER_BYTES, parseFrameHeader } from './frame-header.ts';
import { FrameOutput } from './frame-output.ts';
import { ZstdCorrupt } from './zstd-corrupt.ts';

const CHECKSUM_BYTES = 4;
/** Bit streams are looked at four bytes at a time, which may reach beyond both ends. */
const INPUT_PADDING = 8;

type Step = 'frame' | 'skip' | 'block' | 'checksum';

/**
 * Decodes Zstandard (RFC 8878) as it arrives. Made for input that may be hostile: no block takes longer or gives more
 * than its 128 KiB, the window is bounded, and everything is checked that can be checked without the checksum, which is
 * left to the digest of the whole.
 *
 * @example
 * const decoder = new ZstdDecoder({ maxWindowBytes: 8 * 1024 * 1024 });
 * for (const chunk of chunks) {
 *   for (const piece of decoder.write(chunk)) hash.update(piece);
 * }
 * decoder.finish();
 */
export class ZstdDecoder {
  readonly #maxWindow: number;
  /** Bytes of a header or block that is not complete yet, with padding before it. */
  readonly #input: Uint8Array = new Uint8Array(
    MAX_BLOCK_BYTES + BLOCK_HEADER_BYTES + MAX_FRAME_HEADER_BYTES + 2 * INPUT_PADDING,
  );
  #filled = 0;
  #step: Step = 'frame';
  /** Bytes of a skippable frame or checksum that are still to come. */
  #skip = 0;
  #checksum = false;
  #frames = 0;
  #output: FrameOutput | undefined;

  /** @param options.maxWindowBytes - frames with a larger window are refused: that much memory is used */
  constructor({ maxWindowBytes }: { readonly maxWindowBytes: number }) {
    this.#maxWindow = maxWindowBytes;
  }

  /**
   * Takes the next bytes.
   *
   * @returns pieces of at most 128 KiB, each valid until the next one is asked for
   * @throws ZstdCorrupt
   */
  *write(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    let at = 0;
    for (;;) {
      const wanted = this.#wanted();
      if (wanted > 0) {
        if (at >= chunk.length) return;
        at += this.#take(chunk.subarray(at), wanted);
      } else {
        const piece = this.#advance();
        if (piece !== undefined && piece.length > 0) yield piece;
      }
    }
  }

  /** @throws ZstdCorrupt when the input ends in the middle of something, or there was none */
  finish(): void {
    if (this.#step !== 'frame' || this.#filled > 0 || this.#frames === 0) {
      throw new ZstdCorrupt('input ends too early');
    }
  }

  /** How many more bytes the current step needs. */
  #wanted(): number {
    if (this.#step === 'skip' || this.#step === 'checksum') return this.#skip;
    return (
      (this.#step === 'frame' ? frameHeaderSize(this.#unit()) : this.#blockSize()) - this.#filled
    );
  }

  #blockSize(): number {
    if (this.#filled < BLOCK_HEADER_BYTES) return BLOCK_HEADER_BYTES;
    return BLOCK_HEADER_BYTES + blockBodySize(parseBlockHeader(this.#input, INPUT_PADDING));
  }

  /** What is there of the header or block at hand. */
  #unit(): Uint8Array {
    return this.#input.subarray(INPUT_PADDING, INPUT_PADDING + this.#filled);
  }

  /** Keeps up to so many bytes of the chunk, and says how many. */
  #take(chunk: Uint8Array, wanted: number): number {
    const taken = chunk.subarray(0, wanted);
    if (this.#step === 'skip' || this.#step === 'checksum') {
      this.#skip -= taken.length;
    } else {
      this.#input.set(taken, INPUT_PADDING + this.#filled);
      this.#filled += taken.length;
    }
    return taken.length;
  }

  /** Everything that the current step needs is there. */
  #advance(): Uint8Array | undefined {
    switch (this.#step) {
      case 'frame':
        this.#beginFrame();
        return undefined;
      case 'block':
        return this.#decodeBlock();
      case 'skip':
      case 'checksum':
        this.#step = 'frame';
        return undefined;
    }
  }

  #beginFrame(): void {
    const header = parseFrameHeader(this.#unit());
    this.#filled = 0;
    this.#frames += 1;
    if (header.kind === 'skippable') {
      this.#skip = header.size;
      this.#step = 'skip';
      return;
    }
    if (header.windowBytes > this.#maxWindow) throw new ZstdCorrupt('window is too large');
    this.#checksum = header.checksum;
    this.#output = FrameOutput.start(header, this.#output);
    this.#step = 'block';
  }

  #decodeBlock(): Uint8Array {
    const output = this.#output;
    if (output === undefined) throw new ZstdCorrupt('block outside a frame');
    const header = parseBlockHeader(this.#input, INPUT_PADDING);
    const start = INPUT_PADDING + BLOCK_HEADER_BYTES;
    const piece = output.block(header, this.#input, start, INPUT_PADDING + this.#filled);
    this.#filled = 0;
    if (header.last) {
      output.finish();
      this.#skip = this.#checksum ? CHECKSUM_BYTES : 0;
      this.#step = 'checksum';
    }
    return piece;
  }
}
