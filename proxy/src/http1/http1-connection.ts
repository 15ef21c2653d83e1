// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import { Deadline } from '../deadline.ts';
import { ProxyError } from '../errors.ts';
import type { ClientConnection } from '../http/client-connection.ts';
import type { RequestHead } from '../http/client-stream.ts';
import { readFields } from '../http/message-fields.ts';
import { requestFraming } from '../http/request-framing.ts';
import { refuseRequest, serveRequest, type RequestService } from '../http/serve-request.ts';
import { takesAtOnce } from '../tls/write-shared.ts';
import { lingerWhenSent } from '../tls/lingering-close.ts';
import type { TunnelEnd } from '../worker/tunnel.ts';
import { ContentDecoder } from './content-decoder.ts';
import { LF } from './byte-classes.ts';
import type { HeadLimits } from './field-scanner.ts';
import { Http1Stream, type StreamConnection } from './http1-stream.ts';
import { MessageWriter } from './message-writer.ts';
import { scanRequest, type ScannedRequest } from './request-scanner.ts';

/** What bounds one connection, in bytes and milliseconds. */
export interface Http1Limits {
  readonly headerBytes: number;
  readonly headerCount: number;
  readonly headersTimeoutMs: number;
  /** Between two requests. */
  readonly keepAliveTimeoutMs: number;
}

/** Bytes that a client may have sent ahead of the answer that it waits for; more stay in the kernel. */
const MAX_BYTES_AHEAD = 65_536;

/** This much of a head is looked at as it comes, so that what is no request at all is refused at once. */
const EAGER_BYTES = 512;

/** A head of which nothing is known, for the log and for the answer. */
const UNREADABLE: RequestHead = {
  method: '',
  target: '',
  httpVersion: '1.1',
  rawHeaders: [],
  body: { kind: 'chunked' },
  upgrade: false,
};

/** Reads requests from a TLS connection, one after another, and has them answered. */
export class Http1Connection implements StreamConnection {
  readonly socket: TLSSocket;
  readonly client: ClientConnection;
  readonly writer: MessageWriter;
  readonly decoder: ContentDecoder;
  private readonly service: RequestService;
  private readonly limits: Http1Limits;
  private readonly headLimits: HeadLimits;
  private readonly deadline: Deadline;
  private stream: Http1Stream | undefined;
  /** Read and not consumed: part of a head, or what the client has sent ahead. */
  private ahead: Buffer | undefined;
  /** The time for a head is running. */
  private awaitingHead = true;
  private consuming = false;
  /** Another protocol has taken over. */
  private released = false;
  private discarding = false;
  private clientEnded = false;
  private onDelivered: (() => void) | undefined;

  constructor(
    socket: TLSSocket,
    client: ClientConnection,
    service: RequestService,
    limits: Http1Limits,
  ) {
    this.socket = socket;
    this.client = client;
    this.service = service;
    this.limits = limits;
    this.headLimits = requestLimits(limits);
    this.writer = new MessageWriter(socket, () => takesAtOnce(socket));
    this.decoder = new ContentDecoder(this.headLimits);
    this.deadline = new Deadline(service.context.monotonicMs, () => this.onLate());
    this.deadline.set(limits.headersTimeoutMs);
    socket.on('error', () => undefined);
    socket.on('data', this.onData);
    socket.on('drain', this.onDrain);
    socket.on('end', this.onEnd);
    socket.on('close', this.onClose);
  }

  /** Between two requests. */
  get idle(): boolean {
    const open = !this.released && !this.discarding;
    return open && this.stream === undefined && this.ahead === undefined;
  }

  /** Ends it, if nothing is under way. */
  endIdle(): void {
    if (this.idle) this.end();
  }

  hold(on: boolean): void {
    if (on) this.socket.pause();
    else if (!this.tooFarAhead) this.socket.resume();
  }

  discard(): void {
    this.discarding = true;
    this.ahead = undefined;
    this.socket.resume();
  }

  release(): TunnelEnd | undefined {
    const { socket, ahead } = this;
    this.released = true;
    this.stream = undefined;
    this.ahead = undefined;
    this.deadline.stop();
    socket.off('data', this.onData);
    socket.off('drain', this.onDrain);
    socket.off('end', this.onEnd);
    socket.off('close', this.onClose);
    if (socket.destroyed) return undefined;
    socket.pause();
    if (ahead !== undefined) socket.unshift(ahead);
    return socket;
  }

  deliver(onDelivered: () => void): void {
    if (!this.socket.writableNeedDrain) {
      onDelivered();
      return;
    }
    this.onDelivered = onDelivered;
    // The socket's own timer, since only the socket knows when bytes leave it.
    this.socket.setTimeout(this.client.idleTimeoutMs, this.onStandstill);
  }

  finished(close: boolean): void {
    this.stream = undefined;
    if (this.socket.destroyed) return;
    if (close || this.clientEnded) {
      this.end();
      return;
    }
    this.awaitingHead = false;
    this.deadline.set(this.limits.keepAliveTimeoutMs);
    this.socket.resume();
    if (!this.consuming) this.consumeAhead();
  }

  private get tooFarAhead(): boolean {
    return this.ahead !== undefined && this.ahead.length >= MAX_BYTES_AHEAD;
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.discarding) return;
    const { ahead } = this;
    const bytes = ahead === undefined ? chunk : Buffer.concat([ahead, chunk]);
    // Without a line end no head is complete: a long one that comes byte by byte is not scanned at each of them.
    if (ahead !== undefined && ahead.length > EAGER_BYTES && this.stream === undefined) {
      this.ahead = bytes;
      if (bytes.length <= this.limits.headerBytes && !chunk.includes(LF)) return;
    }
    this.ahead = undefined;
    this.consume(bytes);
  };

  private consumeAhead(): void {
    const { ahead } = this;
    this.ahead = undefined;
    if (ahead !== undefined) this.consume(ahead);
  }

  private consume(bytes: Buffer): void {
    let at = 0;
    this.consuming = true;
    try {
      while (at < bytes.length && !this.discarding) {
        const next = this.step(bytes, at);
        if (next === at) break;
        at = next;
      }
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      this.refuse(error);
    } finally {
      this.consuming = false;
    }
    if (this.discarding || at === bytes.length) return;
    this.ahead = bytes.subarray(at);
    if (this.tooFarAhead) this.socket.pause();
  }

  /** @returns how far the bytes have been used; the same position when they have to wait */
  private step(bytes: Buffer, at: number): number {
    if (this.stream !== undefined) {
      return this.stream.receiving ? this.stream.take(bytes, at) : at;
    }
    const scanned = scanRequest(bytes, at, bytes.length, this.headLimits);
    if (scanned === undefined) {
      this.awaitHead();
      return at;
    }
    this.deadline.lift();
    this.serve(scanned);
    return scanned.next;
  }

  private serve(scanned: ScannedRequest): void {
    const { method, target, httpVersion, rawHeaders } = scanned;
    const fields = readFields(rawHeaders);
    const close = httpVersion === '1.0' || fields.connection.includes('close');
    const asked = fields.upgrade.length > 0 && fields.connection.includes('upgrade');
    const upgrade = httpVersion === '1.1' && asked;
    const head = { method, target, httpVersion, rawHeaders, fields, upgrade };
    let request: RequestHead;
    try {
      request = { ...head, body: requestFraming(httpVersion, fields) };
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      this.refuseHead({ ...UNREADABLE, ...head }, error);
      return;
    }
    this.decoder.begin(request.body);
    // What follows an upgrade is of unknown meaning when the upstream declines.
    this.stream = new Http1Stream(this, request, close || upgrade);
    serveRequest(this.service, this.client, request, this.stream);
  }

  private refuse(error: ProxyError): void {
    if (this.stream === undefined) this.refuseHead(UNREADABLE, error);
    else this.stream.invalid(error);
  }

  private refuseHead(head: RequestHead, error: ProxyError): void {
    this.deadline.lift();
    this.stream = new Http1Stream(this, head, true);
    refuseRequest(this.service, this.client, head, this.stream, error);
  }

  /** The time for a head begins with its first byte, for the first one with the connection. */
  private awaitHead(): void {
    if (this.awaitingHead) return;
    this.awaitingHead = true;
    this.deadline.set(this.limits.headersTimeoutMs);
  }

  private onLate(): void {
    if (this.stream !== undefined) return;
    if (this.discarding) {
      this.socket.destroy();
      return;
    }
    const late = new ProxyError('ERR_PROXY_REQUEST_TIMEOUT', 'head took too long');
    if (this.idle) this.end();
    else this.refuseHead(UNREADABLE, late);
  }

  /** Ends the connection after what has been written. */
  private end(): void {
    this.discard();
    // Lingering begins when the client has taken everything, which it may never do.
    this.deadline.set(this.client.idleTimeoutMs);
    lingerWhenSent(this.socket);
  }

  private readonly onDrain = (): void => {
    const { onDelivered } = this;
    if (onDelivered === undefined) {
      this.stream?.drained();
      return;
    }
    this.onDelivered = undefined;
    this.socket.setTimeout(0);
    this.socket.off('timeout', this.onStandstill);
    onDelivered();
  };

  private readonly onStandstill = (): void => {
    this.socket.destroy();
  };

  /** A client that has ended its side has gone, unless its whole answer is on the way: nobody else could tell us. */
  private readonly onEnd = (): void => {
    this.clientEnded = true;
    if (this.onDelivered !== undefined || this.discarding) return;
    if (this.stream === undefined) this.end();
    else this.socket.destroy();
  };

  private readonly onClose = (): void => {
    this.deadline.stop();
    this.discarding = true;
    this.stream?.closed();
  };
}

function requestLimits(limits: Http1Limits): HeadLimits {
  return {
    maxBytes: limits.headerBytes,
    maxFields: limits.headerCount,
    malformed: (what) => new ProxyError('ERR_PROXY_REQUEST_MALFORMED', what),
    tooLarge: (what) => new ProxyError('ERR_PROXY_REQUEST_HEADERS_TOO_LARGE', what),
  };
}
