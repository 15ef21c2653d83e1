// SPDX-License-Identifier: Apache-2.0
import { MAX_BLOCK_BYTES, type BlockHeader } from './block-header.ts';
import type { FrameHeader } from './frame-header.ts';
import type { HuffmanTable } from './huffman-table.ts';
import { readLiterals } from './literals.ts';
import { ReverseBits } from './reverse-bits.ts';
import { readSequenceHeader, type SequenceHeader, type SequenceTables } from './sequence-tables.ts';
import { runSequences } from './sequences.ts';
import { ZstdCorrupt } from './zstd-corrupt.ts';

type DataFrame = Extract<FrameHeader, { readonly kind: 'data' }>;

/** Offsets that a frame begins with (RFC 8878 section 3.1.1.5). */
const FIRST_REPEATS = [1, 4, 8];

/**
 * What a frame unpacks to, as far as its window reaches back, and the tables that its blocks share. The buffer is twice
 * the window, so that moving the window to its start costs no more than a copy of the output.
 */
export class FrameOutput {
  readonly #buffer: Uint8Array;
  readonly #literals: Uint8Array;
  readonly #window: number;
  readonly #maxBlock: number;
  readonly #contentBytes: number | undefined;
  readonly #repeats: Uint32Array = Uint32Array.from(FIRST_REPEATS);
  #tables: SequenceTables | undefined;
  #huffman: HuffmanTable | undefined;
  /** End of the output in the buffer. */
  #position = 0;
  #produced = 0;

  private constructor(header: DataFrame, buffer: Uint8Array, literals: Uint8Array) {
    this.#buffer = buffer;
    this.#literals = literals;
    this.#window = header.windowBytes;
    this.#maxBlock = Math.min(MAX_BLOCK_BYTES, header.windowBytes);
    this.#contentBytes = header.contentBytes;
  }

  /** @param last - of an earlier frame, whose memory is used again where it is large enough */
  static start(header: DataFrame, last: FrameOutput | undefined): FrameOutput {
    const size = 2 * Math.max(header.windowBytes, MAX_BLOCK_BYTES);
    if (last === undefined) {
      return new FrameOutput(header, new Uint8Array(size), new Uint8Array(MAX_BLOCK_BYTES));
    }
    const buffer = last.#buffer.length >= size ? last.#buffer : new Uint8Array(size);
    return new FrameOutput(header, buffer, last.#literals);
  }

  /**
   * Unpacks a block.
   *
   * @param input - has the block's body from `start` to `end`
   * @returns its content, until the next call
   */
  block(header: BlockHeader, input: Uint8Array, start: number, end: number): Uint8Array {
    this.#makeRoom();
    const from = this.#position;
    if (header.size > this.#maxBlock) throw new ZstdCorrupt('block is larger than allowed');
    if (header.kind === 'compressed') {
      this.#decompress(input, start, end);
    } else {
      this.#position = from + header.size;
      if (header.kind === 'stored') this.#buffer.set(input.subarray(start, end), from);
      else this.#buffer.fill(input[start] ?? 0, from, this.#position);
    }
    this.#produced += this.#position - from;
    if (this.#produced > (this.#contentBytes ?? Number.POSITIVE_INFINITY)) {
      throw new ZstdCorrupt('frame is larger than it says');
    }
    return this.#buffer.subarray(from, this.#position);
  }

  /** @throws ZstdCorrupt when the frame is smaller than it says */
  finish(): void {
    if (this.#produced !== (this.#contentBytes ?? this.#produced)) {
      throw new ZstdCorrupt('frame is smaller than it says');
    }
  }

  #makeRoom(): void {
    if (this.#position + this.#maxBlock <= this.#buffer.length) return;
    const kept = Math.min(this.#window, this.#position);
    this.#buffer.copyWithin(0, this.#position - kept, this.#position);
    this.#position = kept;
  }

  /** RFC 8878 section 3.1.1.3. */
  #decompress(input: Uint8Array, start: number, end: number): void {
    const from = this.#position;
    const room = this.#literals.subarray(0, this.#maxBlock);
    const literals = readLiterals(input, start, end, this.#huffman, room);
    this.#huffman = literals.table;
    const all = room.subarray(0, literals.length);
    const sequences = readSequenceHeader(input, literals.end, end, this.#tables);
    const used = this.#runSequences(input, sequences, end, all);
    const rest = all.subarray(used);
    if (this.#position + rest.length > from + this.#maxBlock) {
      throw new ZstdCorrupt('block is larger than allowed');
    }
    this.#buffer.set(rest, this.#position);
    this.#position += rest.length;
  }

  #runSequences(
    input: Uint8Array,
    { count, tables, start }: SequenceHeader,
    end: number,
    literals: Uint8Array,
  ): number {
    if (count === 0 || tables === undefined) {
      if (start !== end) throw new ZstdCorrupt('block is too long');
      return 0;
    }
    this.#tables = tables;
    const target = {
      output: this.#buffer,
      position: this.#position,
      limit: this.#position + this.#maxBlock,
      history: Math.min(this.#produced, this.#window, this.#position),
      repeats: this.#repeats,
    };
    const used = runSequences(new ReverseBits(input, start, end), count, tables, literals, target);
    this.#position = target.position;
    return used;
  }
}
