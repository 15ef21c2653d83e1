// SPDX-License-Identifier: Apache-2.0
import { STATUS_CODES } from 'node:http';
import type { RawHeaders } from '../http/header-rules.ts';
import { inFrontOf } from '../upstream/read-buffer.ts';

/** Longest line before the data of a chunk: eight digits and CR LF. */
const CHUNK_OVERHEAD = 10 + 2;

const LAST_CHUNK = '0\r\n\r\n';

/** What may follow the data in the same buffer. */
const TAIL = LAST_CHUNK.length;

/** Where a writer puts its bytes: a socket. */
export interface ByteTarget {
  readonly writableNeedDrain: boolean;
  write(bytes: Uint8Array): boolean;
  write(text: string, encoding: 'latin1'): boolean;
  cork(): void;
  uncork(): void;
}

/**
 * Writes one HTTP/1.1 message after another. A head, its content and its end leave in one write when they come in one
 * turn of the event loop, since a write costs more than everything else that happens to a small message.
 */
export class MessageWriter {
  private readonly target: ByteTarget;
  private readonly takesAtOnce: () => boolean;
  private head = '';
  /** Content that waits for the end of the turn, with room for the last chunk behind it. */
  private pending: Buffer | undefined;
  private pendingBytes = 0;
  private chunked = false;
  private scheduled = false;
  private corked = false;

  /** @param takesAtOnce whether what is written next is consumed before `write` returns */
  constructor(target: ByteTarget, takesAtOnce: () => boolean) {
    this.target = target;
    this.takesAtOnce = takesAtOnce;
  }

  /** Writes a message without content. @param head in latin1, with the empty line */
  whole(head: string): void {
    this.head += head;
    this.chunked = false;
    this.flush();
  }

  /** Starts a message. @param head in latin1, with the empty line */
  begin(head: string, chunked: boolean): void {
    this.head += head;
    this.chunked = chunked;
    this.schedule();
  }

  /** Writes content, or takes a copy of it. @returns false when the target has more than it should, and will tell when it has less */
  write(chunk: Uint8Array): boolean {
    if (chunk.length === 0) return !this.target.writableNeedDrain;
    if (!this.writeAtOnce(chunk)) this.hold(chunk);
    return !this.target.writableNeedDrain;
  }

  /** Completes the message and lets go of it. */
  end(trailers: RawHeaders): void {
    if (this.chunked) this.appendLastChunk(trailers);
    this.chunked = false;
    this.flush();
  }

  /** Writes what waits. */
  flush(): void {
    const { head, pending, pendingBytes } = this;
    this.head = '';
    this.pending = undefined;
    if (pending !== undefined) {
      const whole = pendingBytes === pending.length;
      this.target.write(whole ? pending : pending.subarray(0, pendingBytes));
    }
    if (head !== '') this.target.write(head, 'latin1');
  }

  /** The usual way of content that has a length: nothing is copied and nothing waits. */
  private writeAtOnce(chunk: Uint8Array): boolean {
    if (this.chunked || this.pending !== undefined || !this.takesAtOnce()) return false;
    const bytes = this.head === '' ? chunk : inFrontOf(this.head, chunk);
    if (bytes === undefined) return false;
    this.head = '';
    this.target.write(bytes);
    return true;
  }

  private hold(chunk: Uint8Array): void {
    if (this.pending !== undefined) {
      this.cork();
      this.flush();
    }
    const { head, chunked } = this;
    const bytes = Buffer.allocUnsafe(
      head.length + chunk.length + (chunked ? CHUNK_OVERHEAD + TAIL : 0),
    );
    let at = head === '' ? 0 : bytes.write(head, 0, 'latin1');
    if (chunked) at += bytes.write(`${chunk.length.toString(16)}\r\n`, at, 'latin1');
    bytes.set(chunk, at);
    at += chunk.length;
    if (chunked) at += bytes.write('\r\n', at, 'latin1');
    this.head = '';
    this.pending = bytes;
    this.pendingBytes = at;
    this.schedule();
  }

  private appendLastChunk(trailers: RawHeaders): void {
    if (trailers.length === 0 && this.pending !== undefined) {
      this.pendingBytes += this.pending.write(LAST_CHUNK, this.pendingBytes, 'latin1');
      return;
    }
    // After content of the same turn, should there be any: `flush` writes that first.
    this.head += trailers.length === 0 ? LAST_CHUNK : `0\r\n${serializeFields(trailers)}\r\n`;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    process.nextTick(onTurnEnd, this);
  }

  /** Several pieces in one turn: they leave together. */
  private cork(): void {
    if (this.corked) return;
    this.corked = true;
    this.target.cork();
  }

  /** @internal */
  endTurn(): void {
    this.scheduled = false;
    this.flush();
    if (!this.corked) return;
    this.corked = false;
    this.target.uncork();
  }
}

function onTurnEnd(writer: MessageWriter): void {
  writer.endTurn();
}

/** A response head as it is sent. @param headers name and value by turns */
export function serializeResponse(status: number, reason: string, headers: RawHeaders): string {
  const words = reason === '' ? (STATUS_CODES[status] ?? '') : reason;
  return `HTTP/1.1 ${status} ${words}\r\n${serializeFields(headers)}\r\n`;
}

/** Fields as they are sent. @param headers name and value by turns */
export function serializeFields(headers: RawHeaders): string {
  let text = '';
  for (let index = 0; index + 1 < headers.length; index += 2) {
    text += `${headers[index] ?? ''}: ${headers[index + 1] ?? ''}\r\n`;
  }
  return text;
}
