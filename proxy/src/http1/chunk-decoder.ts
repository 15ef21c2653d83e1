// SPDX-License-Identifier: Apache-2.0
import { readFields } from '../http/message-fields.ts';
import { GrowingBytes } from '../tls/growing-bytes.ts';
import { CR, LF } from './byte-classes.ts';
import { INCOMPLETE, scanFields, type HeadLimits } from './field-scanner.ts';

/** Size and extensions of one chunk: nobody needs more, and an endless line would be an endless message without content. */
const MAX_CHUNK_LINE_BYTES = 256;

/** All extensions of a message, which are read and dropped: otherwise a byte of content could cost a line each. */
const MAX_EXTENSION_BYTES = 4_096;

/** Eight digits are below 2^53 and above every limit on content. */
const CHUNK_LINE =
  /^([0-9a-fA-F]{1,8})((?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"))?)*)\r\n$/;

type State = 'size' | 'data' | 'after-data' | 'trailers' | 'done';

/** Takes the chunks of one message after another apart (RFC 9112 section 7.1), strictly, whatever pieces they arrive in. */
export class ChunkDecoder {
  private readonly limits: HeadLimits;
  private state: State = 'done';
  /** Of the chunk that is being read. */
  private left = 0;
  private line = '';
  private extensions = 0;
  private trailerBytes: GrowingBytes | undefined;
  /** Name and value by turns, once the message is complete. */
  trailers: string[] = [];

  /** @param limits of the trailer section */
  constructor(limits: HeadLimits) {
    this.limits = limits;
  }

  get done(): boolean {
    return this.state === 'done';
  }

  /** Expects the first chunk of a message. */
  begin(): void {
    this.state = 'size';
    this.line = '';
    this.extensions = 0;
    this.trailerBytes = undefined;
    this.trailers = [];
  }

  /**
   * Decodes in place: content of adjacent chunks is moved together and handed out as one piece.
   *
   * @returns where decoding stopped: at the end of the message, or of the bytes
   * @throws ProxyError as `limits` says
   */
  decode(bytes: Buffer, from: number, end: number, onContent: (chunk: Buffer) => void): number {
    let at = from;
    let first = -1;
    let filled = -1;
    while (at < end && this.state !== 'done') {
      if (this.state !== 'data') {
        at = this.readBetween(bytes, at, end);
        continue;
      }
      const taken = Math.min(this.left, end - at);
      if (first === -1) first = filled = at;
      else bytes.copyWithin(filled, at, at + taken);
      filled += taken;
      at += taken;
      this.left -= taken;
      if (this.left === 0) this.state = 'after-data';
    }
    if (filled > first) onContent(bytes.subarray(first, filled));
    return at;
  }

  private readBetween(bytes: Buffer, at: number, end: number): number {
    if (this.state === 'size') return this.readSize(bytes, at, end);
    if (this.state === 'trailers') return this.readTrailers(bytes, at, end);
    return this.readLineEnd(bytes, at, end);
  }

  private readSize(bytes: Buffer, from: number, end: number): number {
    const found = bytes.indexOf(LF, from);
    const stop = found === -1 || found >= end ? end : found + 1;
    if (this.line.length + stop - from > MAX_CHUNK_LINE_BYTES) {
      throw this.limits.malformed('chunk line is too long');
    }
    this.line += bytes.toString('latin1', from, stop);
    if (!this.line.endsWith('\n')) return stop;
    const match = CHUNK_LINE.exec(this.line);
    if (match === null) throw this.limits.malformed('chunk size');
    this.extensions += match[2]?.length ?? 0;
    if (this.extensions > MAX_EXTENSION_BYTES) throw this.limits.malformed('chunk extensions');
    this.line = '';
    this.left = Number.parseInt(match[1] ?? '', 16);
    this.state = this.left === 0 ? 'trailers' : 'data';
    return stop;
  }

  /** CR LF after the data of a chunk; `line` remembers that the CR has been seen. */
  private readLineEnd(bytes: Buffer, from: number, end: number): number {
    let at = from;
    if (this.line === '') {
      if (bytes[at] !== CR) throw this.limits.malformed('chunk is longer than its size');
      this.line = '\r';
      at += 1;
      if (at === end) return at;
    }
    if (bytes[at] !== LF) throw this.limits.malformed('CR without LF');
    this.line = '';
    this.state = 'size';
    return at + 1;
  }

  private readTrailers(bytes: Buffer, from: number, end: number): number {
    if (this.trailerBytes === undefined) {
      const next = scanFields(bytes, from, end, from, this.limits, this.trailers);
      if (next !== INCOMPLETE) return this.finish(next);
    }
    // Rare: the section has come in pieces.
    this.trailerBytes ??= new GrowingBytes(256);
    const before = this.trailerBytes.length;
    this.trailerBytes.append(bytes.subarray(from, end));
    const size = this.trailerBytes.length;
    const next = scanFields(this.trailerBytes.view(), 0, size, 0, this.limits, this.trailers);
    return next === INCOMPLETE ? end : this.finish(from + next - before);
  }

  private finish(next: number): number {
    // RFC 9110 section 6.5.1: where a message ends has been decided before.
    if (this.trailers.length > 0 && hasFraming(this.trailers)) {
      throw this.limits.malformed('a framing field in the trailer section');
    }
    this.state = 'done';
    this.trailerBytes = undefined;
    return next;
  }
}

/** Fields that say where a message or its connection ends: some parsers heed them even here. */
function hasFraming(trailers: readonly string[]): boolean {
  const { connection, contentLength, transferEncoding, upgrade } = readFields(trailers);
  return [connection, contentLength, transferEncoding, upgrade].some(({ length }) => length > 0);
}
