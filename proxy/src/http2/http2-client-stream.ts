// SPDX-License-Identifier: Apache-2.0
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { ProxyError } from '../errors.ts';
import type { AnswerHead, ClientStream, ClientStreamHandlers } from '../http/client-stream.ts';
import type { RawHeaders } from '../http/header-rules.ts';
import type { TunnelEnd } from '../worker/tunnel.ts';
import { outgoingFields } from './outgoing-fields.ts';
import { resetCode } from './reset-codes.ts';
import { tunnelEnd } from './tunnel-end.ts';
import { withoutHandshake } from './websocket-fields.ts';

/** What a stream needs to know of its connection. */
export interface StreamOwner {
  /** How long an answer may stand still on its way to the client. */
  readonly idleTimeoutMs: number;
  /** The connection is not broken. */
  readonly open: boolean;
  /** The client is to open a new connection for what it wants next. */
  leave(): void;
  /** The stream is no HTTP any more, and has no end of its own. */
  onTunnel(stream: Http2ClientStream): void;
  /** The stream is over. @param delivered see `ClientStreamHandlers.onClosed` */
  onStreamClosed(stream: Http2ClientStream, delivered: boolean): void;
}

/** A head that waits to see what follows it: HTTP/2 says with the head whether anything does. */
interface HeldAnswer {
  readonly fields: OutgoingHttpHeaders;
  readonly hasBody: boolean;
  first: Buffer | undefined;
}

/** One stream of an HTTP/2 connection. */
export class Http2ClientStream implements ClientStream {
  private readonly stream: ServerHttp2Stream;
  private readonly owner: StreamOwner;
  private handlers: ClientStreamHandlers | undefined;
  private held: HeldAnswer | undefined;
  private requestTrailers: RawHeaders = [];
  /** The client has sent all of its request. */
  private complete: boolean;
  /** Set with the end of the answer, for the moment at which the stream asks for it. */
  private answerTrailers: RawHeaders | undefined;

  /** @param complete nothing follows the head of the request */
  constructor(stream: ServerHttp2Stream, owner: StreamOwner, complete: boolean) {
    this.stream = stream;
    this.owner = owner;
    this.complete = complete;
    // A reset shows as `close`; the error beside it says no more.
    stream.on('error', () => undefined);
    stream.once('close', () => this.onClosed());
  }

  attach(handlers: ClientStreamHandlers): void {
    this.handlers = handlers;
    const { stream } = this;
    stream.on('drain', () => handlers.onDrain());
    if (this.complete) return;
    stream.on('trailers', (_fields: unknown, _flags: unknown, raw: string[]) => {
      this.requestTrailers = raw;
    });
    stream.on('data', (chunk: Buffer) => handlers.onContent(chunk));
    stream.once('end', () => {
      // A reset and the end of the connection end the content too: half of it must not pass for the whole.
      if (stream.aborted || this.over) return;
      this.complete = true;
      handlers.onContentEnd(this.requestTrailers);
    });
  }

  sendInformation(status: number, headers: RawHeaders): void {
    if (this.over || this.stream.headersSent) return;
    this.stream.additionalHeaders(fieldsOf(status, headers));
  }

  sendHead({ status, headers, hasBody, leave }: AnswerHead): void {
    const fields = fieldsOf(status, headers);
    if (leave) this.owner.leave();
    this.held = { fields, hasBody, first: undefined };
    process.nextTick(() => this.sendHeld(false));
  }

  write(chunk: Uint8Array): boolean {
    if (this.over) return true;
    // The memory belongs to the caller, and nothing is written before the end of this turn.
    const copy = Buffer.from(chunk);
    if (this.held !== undefined && this.held.first === undefined) {
      this.held.first = copy;
      return true;
    }
    this.sendHeld(false);
    return this.stream.write(copy);
  }

  end(trailers: RawHeaders): void {
    if (this.over) return;
    this.answerTrailers = trailers;
    this.sendHeld(trailers.length === 0);
    if (!this.stream.writableEnded) this.stream.end();
    this.boundDelivery();
    if (this.complete) return;
    // RFC 9113 section 8.1: the answer is complete, and the client may stop sending.
    this.stream.close(constants.NGHTTP2_NO_ERROR);
    this.stream.resume();
  }

  switchProtocol({ headers }: AnswerHead): TunnelEnd | undefined {
    const { stream } = this;
    if (this.over) return undefined;
    this.handlers = undefined;
    this.owner.onTunnel(this);
    stream.removeAllListeners('data').removeAllListeners('end').removeAllListeners('drain');
    // RFC 8441 section 5: 200 stands for 101.
    stream.respond(fieldsOf(200, withoutHandshake(headers)));
    return tunnelEnd(stream);
  }

  abort(error?: ProxyError): void {
    if (this.over) return;
    this.held = undefined;
    this.stream.close(resetCode(error));
  }

  refuse(): boolean {
    if (!this.over) this.stream.close(constants.NGHTTP2_REFUSED_STREAM);
    return true;
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  /** nghttp2 closes a stream without an error after it has sent the end; Node may learn of that later. */
  private get delivered(): boolean {
    const { writableEnded, writableFinished, rstCode, aborted } = this.stream;
    if (aborted || !writableEnded || rstCode !== constants.NGHTTP2_NO_ERROR) return false;
    return writableFinished || this.owner.open;
  }

  private get over(): boolean {
    return this.stream.destroyed || this.stream.closed;
  }

  /** @param last the answer is complete */
  private sendHeld(last: boolean): void {
    const { held, stream } = this;
    if (held === undefined || this.over) return;
    this.held = undefined;
    const { fields, hasBody, first } = held;
    if (!hasBody || (last && first === undefined)) {
      stream.respond(fields, { endStream: true });
      return;
    }
    // A trailer section has to be announced to `node:http2`, which then asks for it.
    stream.respond(fields, { waitForTrailers: !last });
    if (!last) stream.once('wantTrailers', () => this.sendTrailers());
    if (first === undefined) return;
    if (last) stream.end(first);
    else stream.write(first);
  }

  private sendTrailers(): void {
    try {
      this.stream.sendTrailers(
        outgoingFields(this.answerTrailers ?? [], {}, 'ERR_PROXY_UPSTREAM_INVALID'),
      );
    } catch {
      // The client has reset the stream in the meantime, or the trailers cannot be sent: half an answer is none.
      this.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
  }

  /** The answer is complete; from here on it is the client who must not stand still. */
  private boundDelivery(): void {
    const { stream } = this;
    stream.setTimeout(this.owner.idleTimeoutMs, () => stream.close(constants.NGHTTP2_CANCEL));
  }

  private onClosed(): void {
    const { handlers } = this;
    const delivered = this.delivered;
    // A tunnel has been answered, however it ends.
    this.owner.onStreamClosed(this, delivered || handlers === undefined);
    handlers?.onClosed(delivered);
  }
}

/** @throws ProxyError ERR_PROXY_UPSTREAM_INVALID */
function fieldsOf(status: number, headers: RawHeaders): OutgoingHttpHeaders {
  return outgoingFields(headers, { ':status': status }, 'ERR_PROXY_UPSTREAM_INVALID');
}
