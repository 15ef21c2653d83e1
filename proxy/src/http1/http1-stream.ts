// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import type { ProxyError } from '../errors.ts';
import type {
  AnswerHead,
  ClientStream,
  ClientStreamHandlers,
  RequestHead,
  SwitchHead,
} from '../http/client-stream.ts';
import type { RawHeaders } from '../http/header-rules.ts';
import { hasContent } from '../http/request-rules.ts';
import type { TunnelEnd } from '../worker/tunnel.ts';
import type { ContentDecoder } from './content-decoder.ts';
import { serializeResponse, type MessageWriter } from './message-writer.ts';

/** What a stream asks of the connection that it is on. */
export interface StreamConnection {
  readonly socket: TLSSocket;
  readonly writer: MessageWriter;
  readonly decoder: ContentDecoder;
  /** Reads no more from the socket for a while. */
  hold(on: boolean): void;
  /** What the client still sends means nothing. */
  discard(): void;
  /** Gives the socket away, with what has been read of it. */
  release(): TunnelEnd | undefined;
  /** Waits until the client has taken what was written. */
  deliver(onDelivered: () => void): void;
  /** The request is read and answered. @param close it was the last on the connection */
  finished(close: boolean): void;
}

/** One request of a connection, and the answer to it. The next one is read when this one is over. */
export class Http1Stream implements ClientStream {
  private readonly connection: StreamConnection;
  private readonly head: RequestHead;
  private handlers: ClientStreamHandlers | undefined;
  /** The answer is the last on its connection. */
  private close: boolean;
  private received: boolean;
  private ended = false;
  private delivered = false;

  /** @param close the client wants no other answer on the connection after this one */
  constructor(connection: StreamConnection, head: RequestHead, close: boolean) {
    this.connection = connection;
    this.head = head;
    this.close = close;
    this.received = !hasContent(head.body);
  }

  /** Content is still to come. */
  get receiving(): boolean {
    return !this.received;
  }

  attach(handlers: ClientStreamHandlers): void {
    this.handlers = handlers;
  }

  /** Takes bytes from the connection. @returns where those begin that are not content */
  take(bytes: Buffer, from: number): number {
    const { decoder } = this.connection;
    const next = decoder.decode(bytes, from, bytes.length, this.onContent);
    if (decoder.done && !this.received) {
      this.received = true;
      this.handlers?.onContentEnd(decoder.trailers);
      this.finish();
    }
    return next;
  }

  /** The request cannot be read any further. */
  invalid(error: ProxyError): void {
    this.handlers?.onInvalid(error);
  }

  /** The client takes bytes again. */
  drained(): void {
    if (!this.ended) this.handlers?.onDrain();
  }

  /** The connection has closed. */
  closed(): void {
    this.over(this.delivered);
  }

  sendInformation(status: number, headers: RawHeaders): void {
    if (this.handlers === undefined || this.head.httpVersion === '1.0') return;
    this.connection.socket.write(serializeResponse(status, '', headers), 'latin1');
  }

  sendHead(head: AnswerHead): void {
    if (this.handlers === undefined) return;
    // RFC 9112 section 6.3: without a length and chunks the end of the connection ends the content.
    const untilClose = head.hasBody && !head.chunked && !hasLength(head.headers);
    if (head.unread || head.leave || untilClose) this.close = true;
    if (head.unread) {
      this.received = true;
      this.connection.discard();
    }
    const fields = this.close ? [...head.headers, 'Connection', 'close'] : head.headers;
    const text = serializeResponse(head.status, head.statusText, fields);
    this.connection.writer.begin(text, head.chunked);
  }

  write(chunk: Uint8Array): boolean {
    return this.handlers === undefined || this.connection.writer.write(chunk);
  }

  end(trailers: RawHeaders): void {
    if (this.handlers === undefined || this.ended) return;
    this.ended = true;
    this.connection.writer.end(trailers);
    this.connection.deliver(this.onDelivered);
  }

  switchProtocol(head: SwitchHead): TunnelEnd | undefined {
    if (this.handlers === undefined) return undefined;
    this.handlers = undefined;
    const { socket } = this.connection;
    socket.write(serializeResponse(head.status, head.statusText, head.headers), 'latin1');
    return this.connection.release();
  }

  refuse(): boolean {
    return false;
  }

  abort(): void {
    if (this.handlers !== undefined) this.connection.socket.destroy();
  }

  pause(): void {
    if (this.handlers !== undefined && !this.received) this.connection.hold(true);
  }

  resume(): void {
    if (this.handlers !== undefined) this.connection.hold(false);
  }

  private readonly onContent = (chunk: Buffer): void => {
    this.handlers?.onContent(chunk);
  };

  private readonly onDelivered = (): void => {
    this.delivered = true;
    this.finish();
  };

  private finish(): void {
    if (this.delivered && this.received) this.over(true);
  }

  private over(delivered: boolean): void {
    const { handlers } = this;
    if (handlers === undefined) return;
    this.handlers = undefined;
    handlers.onClosed(delivered);
    this.connection.finished(this.close);
  }
}

function hasLength(headers: RawHeaders): boolean {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() === 'content-length') return true;
  }
  return false;
}
