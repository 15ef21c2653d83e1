// SPDX-License-Identifier: Apache-2.0
import { ChunkDecoder } from './chunk-decoder.ts';
import type { HeadLimits } from './field-scanner.ts';

/** How the content of a message ends; `close` with the connection, which only a response may. */
export type ContentFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' };

/** Tells the content of one message after another from what follows it on the connection. */
export class ContentDecoder {
  private readonly chunks: ChunkDecoder;
  private chunked = false;
  private left = 0;

  /** @param limits of a trailer section */
  constructor(limits: HeadLimits) {
    this.chunks = new ChunkDecoder(limits);
  }

  /** All content of the message has been decoded. Content that ends with the connection is never done. */
  get done(): boolean {
    return this.chunked ? this.chunks.done : this.left === 0;
  }

  /** Name and value by turns, once the message is complete. */
  get trailers(): readonly string[] {
    return this.chunked ? this.chunks.trailers : [];
  }

  /** Expects the content of the next message. */
  begin(framing: ContentFraming): void {
    this.chunked = framing.kind === 'chunked';
    if (this.chunked) this.chunks.begin();
    else if (framing.kind === 'length') this.left = framing.bytes;
    else this.left = framing.kind === 'close' ? Number.POSITIVE_INFINITY : 0;
  }

  /**
   * @param onContent gets views of `bytes`, which are changed
   * @returns where decoding stopped: at the end of the message, or of the bytes
   * @throws ProxyError when the content cannot be read in one way
   */
  decode(bytes: Buffer, from: number, end: number, onContent: (chunk: Buffer) => void): number {
    if (this.chunked) return this.chunks.decode(bytes, from, end, onContent);
    const stop = Math.min(end, from + this.left);
    this.left -= stop - from;
    if (stop > from) onContent(bytes.subarray(from, stop));
    return stop;
  }
}
