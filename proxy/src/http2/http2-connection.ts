// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { ClientConnection } from '../http/client-connection.ts';
import { Exchange } from '../http/exchange.ts';
import { serveRequest, type RequestService } from '../http/serve-request.ts';
import { linger } from '../tls/lingering-close.ts';
import { Http2ClientStream, type StreamOwner } from './http2-client-stream.ts';
import { MisuseBudget, type Allowance } from './misuse-budget.ts';
import { readRequestHead } from './request-head.ts';

/**
 * Requests that are broken off, by either side, before they were answered. Each costs a connection to the upstream, and
 * the client nothing (CVE-2023-44487). A browser that leaves a page breaks off what it has open, about a hundred.
 */
export const MAX_BROKEN_OFF: Allowance = { burst: 200, perSecond: 20 };

/** PING and SETTINGS, which have to be answered. gRPC pings with every piece of data while it measures a line. */
export const MAX_CONTROL_FRAMES: Allowance = { burst: 1_000, perSecond: 100 };

/** What bounds HTTP/2, in bytes and milliseconds. */
export interface Http2Limits {
  readonly headerBytes: number;
  readonly headerCount: number;
  /** Until the client has said what it can do. */
  readonly headersTimeoutMs: number;
  /** Between two requests. */
  readonly keepAliveTimeoutMs: number;
}

/** How long a connection without a request may take to end in order. */
const LEAVE_MS = 1_000;

/** Flags of the frame, and fields as they came. */
type HeadArgs = [flags: number, raw: string[]];

/** One HTTP/2 connection of a client: its streams, and what it may do to us. */
export class Http2Connection implements StreamOwner {
  readonly client: ClientConnection;
  private readonly session: ServerHttp2Session;
  private readonly service: RequestService;
  private readonly limits: Http2Limits;
  private readonly streams = new Set<Http2ClientStream>();
  private readonly tunnels = new Set<Http2ClientStream>();
  private readonly brokenOff: MisuseBudget;
  private readonly control: MisuseBudget;
  private idleTimer: NodeJS.Timeout;

  constructor(
    session: ServerHttp2Session,
    client: ClientConnection,
    service: RequestService,
    limits: Http2Limits,
  ) {
    this.session = session;
    // The connection goes on as HTTP when one of its streams becomes a tunnel.
    this.client = { ...client, onTunnel: () => undefined };
    this.service = service;
    this.limits = limits;
    const { monotonicMs } = service.context;
    this.brokenOff = new MisuseBudget(MAX_BROKEN_OFF, monotonicMs);
    this.control = new MisuseBudget(MAX_CONTROL_FRAMES, monotonicMs);
    this.idleTimer = setTimeout(() => session.destroy(), limits.headersTimeoutMs);
    session.on('error', () => undefined);
    // Without window updates and acknowledgements nothing can go on in the other direction either.
    client.socket.once('end', () => session.destroy());
    // Node waits for the client to end its side as well, for ever.
    client.socket.once('finish', () => linger(client.socket));
    session.once('close', () => clearTimeout(this.idleTimer));
    session.once('remoteSettings', () => this.awaitRequest());
    session.on('remoteSettings', () => this.onControl());
    session.on('ping', () => this.onControl());
    session.on(
      'stream',
      (stream: ServerHttp2Stream, _fields: unknown, ...[flags, raw]: HeadArgs) => {
        this.onStream(stream, flags, raw);
      },
    );
  }

  get idleTimeoutMs(): number {
    return this.client.idleTimeoutMs;
  }

  get open(): boolean {
    return !this.session.destroyed;
  }

  get idle(): boolean {
    return this.streams.size === 0;
  }

  /**
   * Ends the connection after the answers that are under way. GOAWAY tells the client which requests these are; what it
   * had sent in the meantime has not been looked at, and it may send that again elsewhere (RFC 9113 section 8.7).
   *
   * The notice that section 6.8 would have first, with the highest identifier there is, cannot be given: nghttp2, as
   * Node calls it, reads no further request after a GOAWAY, whatever it says. Those requests would wait for nothing.
   */
  leave(): void {
    this.session.close();
  }

  /** Ends what has no end of its own. */
  endTunnels(): void {
    for (const stream of this.tunnels) stream.abort();
  }

  onTunnel(stream: Http2ClientStream): void {
    this.tunnels.add(stream);
  }

  onStreamClosed(stream: Http2ClientStream, delivered: boolean): void {
    this.streams.delete(stream);
    this.tunnels.delete(stream);
    if (!delivered) this.countBrokenOff();
    if (this.idle) this.idleTimer.refresh();
  }

  private onStream(stream: ServerHttp2Stream, flags: number, raw: string[]): void {
    if (stream.destroyed) {
      // Reset before it could be looked at: no request, but it counts.
      this.countBrokenOff();
      return;
    }
    const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const clientStream = new Http2ClientStream(stream, this, ended);
    this.streams.add(clientStream);
    const { head, refusal } = readRequestHead(raw, ended, this.limits.headerBytes, newKey);
    if (refusal === undefined) {
      serveRequest(this.service, this.client, head, clientStream);
    } else {
      new Exchange(this.service.context, this.client, head, clientStream).fail(refusal, true);
    }
  }

  private countBrokenOff(): void {
    if (this.brokenOff.spend()) this.refuse();
  }

  private awaitRequest(): void {
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => {
      if (this.idle) this.endIdle();
    }, this.limits.keepAliveTimeoutMs);
  }

  /** In order; a client that has stopped inside a head would keep the session from it. */
  private endIdle(): void {
    const { session } = this;
    const timer = setTimeout(() => session.destroy(), LEAVE_MS);
    session.once('close', () => clearTimeout(timer));
    session.close();
  }

  private onControl(): void {
    if (this.control.spend()) this.refuse();
  }

  private refuse(): void {
    // Without an error Node takes no code.
    const error = new Error('client asks for more than it may');
    this.session.destroy(error, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

/** RFC 6455 section 4.1. */
function newKey(): string {
  return randomBytes(16).toString('base64');
}
