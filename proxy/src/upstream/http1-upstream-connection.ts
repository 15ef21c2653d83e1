// SPDX-License-Identifier: Apache-2.0
import type { Upstream } from '@proofgate/api';
import { Deadline } from '../deadline.ts';
import { ProxyError } from '../errors.ts';
import { responseFraming } from '../http/response-rules.ts';
import { ContentDecoder, type ContentFraming } from '../http1/content-decoder.ts';
import type { HeadLimits } from '../http1/field-scanner.ts';
import { MessageWriter, serializeFields } from '../http1/message-writer.ts';
import { scanResponse, type ScannedResponse } from '../http1/response-scanner.ts';
import type { UpstreamRequest } from './upstream-client.ts';
import { closedWithoutAnswer, upstreamFailure } from './upstream-failure.ts';
import { UpstreamSocket } from './upstream-socket.ts';

/** Head of a response: twice what we accept of a request, since Set-Cookie and policies are long. */
export const MAX_RESPONSE_HEAD_BYTES = 32_768;

/** Below the 5 s after which Node closes an idle connection, the shortest default among common servers. */
export const UPSTREAM_IDLE_MS = 4_000;

/** Interim answers to one request: progress is told in a few; an endless row of them would never be an answer. */
const MAX_INTERIM_ANSWERS = 100;

const LIMITS: HeadLimits = {
  maxBytes: MAX_RESPONSE_HEAD_BYTES,
  // The shortest field has four bytes, so the bytes bound it.
  maxFields: MAX_RESPONSE_HEAD_BYTES / 4,
  malformed: (what) => invalid(what),
  tooLarge: (what) => invalid(`a head of ${what}`),
};

/** What a connection does with the request that it carries. */
export interface ConnectionUser {
  readonly request: UpstreamRequest;
  onInformation(status: number, rawHeaders: readonly string[]): void;
  onResponse(head: ScannedResponse): void;
  onBody(chunk: Buffer): void;
  onEnd(trailers: readonly string[]): void;
  /** @param first bytes after the head; valid during the call */
  onSwitch(head: ScannedResponse, socket: UpstreamSocket, first: Buffer): void;
  /** @param stale nothing of a response has come, on a connection that had served before */
  onFailed(error: ProxyError, stale: boolean): void;
  onWritable(): void;
}

/** Where a connection goes when it has no request. */
export interface ConnectionHome {
  /** It can carry another request. */
  onFree(connection: Http1UpstreamConnection): void;
  onClosed(connection: Http1UpstreamConnection): void;
}

/** One connection to an upstream, which carries one request after another. */
export class Http1UpstreamConnection {
  private readonly socket: UpstreamSocket;
  private readonly writer: MessageWriter;
  private readonly decoder = new ContentDecoder(LIMITS);
  private readonly deadline: Deadline;
  private readonly home: ConnectionHome;
  private user: ConnectionUser | undefined;
  private gone = false;
  /** Has carried a request before this one. */
  private used = false;
  private requestSent = false;
  private answering = false;
  private untilClose = false;
  private reusable = false;
  private interim = 0;
  /** Part of a head. */
  private head: Buffer | undefined;

  constructor(upstream: Upstream, home: ConnectionHome, now: () => number) {
    this.home = home;
    this.deadline = new Deadline(now, () => this.onLate());
    this.socket = new UpstreamSocket(upstream);
    this.socket.handlers = this;
    this.socket.onceConnected(() => this.onConnect());
    // The kernel may take a part of what is written, and the rest waits as it is.
    this.writer = new MessageWriter(this.socket, () => false);
  }

  /** Carries a request; what happens to it is told to `user`. */
  carry(user: ConnectionUser): void {
    const { request } = user;
    this.user = user;
    this.requestSent = false;
    this.answering = false;
    this.interim = 0;
    const { method, target, headers } = request;
    const head = `${method} ${target} HTTP/1.1\r\n${serializeFields(headers)}\r\n`;
    if (!this.socket.connected) this.deadline.set(request.connectTimeoutMs);
    else this.deadline.lift();
    if (request.hasBody) {
      this.writer.begin(head, request.chunked);
      return;
    }
    this.requestSent = true;
    this.writer.whole(head);
    this.awaitResponse();
  }

  /** Sends content. @returns false when the caller should wait for `onWritable` */
  write(chunk: Uint8Array): boolean {
    if (this.answering) this.touch();
    return this.writer.write(chunk);
  }

  /** Completes the request. */
  endRequest(trailers: readonly string[]): void {
    this.requestSent = true;
    this.writer.end(trailers);
    this.awaitResponse();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    if (this.answering) this.touch();
    this.socket.resume();
  }

  /** Closes it; its user is told nothing. */
  destroy(): void {
    this.user = undefined;
    this.socket.destroy();
    this.leaveHome();
  }

  private onConnect(): void {
    this.deadline.lift();
    if (this.user === undefined) this.deadline.set(UPSTREAM_IDLE_MS);
    else if (this.requestSent) this.awaitResponse();
  }

  onBytes(bytes: Buffer): void {
    // An idle connection on which bytes arrive is out of step: the next request would be answered with them.
    if (this.user === undefined) {
      this.destroy();
      return;
    }
    try {
      const { head } = this;
      this.head = undefined;
      this.consume(head === undefined ? bytes : Buffer.concat([head, bytes]));
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      this.fail(error);
    }
  }

  onEnd(): void {
    if (this.untilClose && this.answering) this.complete(false);
    // What is left of a request has nobody to read it.
    else this.fail(closedWithoutAnswer());
  }

  onDrain(): void {
    if (!this.requestSent) this.user?.onWritable();
  }

  onClosed(error: Error | undefined): void {
    this.fail(error === undefined ? closedWithoutAnswer() : upstreamFailure(error));
  }

  private consume(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const { user } = this;
      if (user === undefined) return;
      const next = this.answering ? this.readContent(bytes, at) : this.readHead(user, bytes, at);
      if (next === undefined) return;
      at = next;
    }
  }

  /** @returns `undefined` when there is nothing more to read for now */
  private readHead(user: ConnectionUser, bytes: Buffer, at: number): number | undefined {
    const head = scanResponse(bytes, at, bytes.length, LIMITS);
    if (head === undefined) {
      this.head = Buffer.from(bytes.subarray(at));
      return undefined;
    }
    const framing = responseFraming(head, user.request.method);
    if (head.status === 101) {
      this.switchProtocol(user, head, bytes.subarray(head.next));
      return undefined;
    }
    if (head.status < 200) {
      this.interim += 1;
      if (this.interim > MAX_INTERIM_ANSWERS) throw invalid('too many interim answers');
      user.onInformation(head.status, head.rawHeaders);
      return head.next;
    }
    this.beginAnswer(user, head, framing, head.next < bytes.length);
    return head.next;
  }

  /** @param more bytes follow the head */
  private beginAnswer(
    user: ConnectionUser,
    head: ScannedResponse,
    framing: ContentFraming,
    more: boolean,
  ): void {
    this.answering = true;
    this.untilClose = framing.kind === 'close';
    this.reusable = framing.kind !== 'close' && staysOpen(head) && !user.request.upgrade;
    this.decoder.begin(framing);
    user.onResponse(head);
    if (this.user !== user) return;
    if (this.decoder.done) this.complete(more);
    else this.touch();
  }

  private readContent(bytes: Buffer, at: number): number {
    const next = this.decoder.decode(bytes, at, bytes.length, this.onContent);
    if (this.user === undefined) return bytes.length;
    if (this.decoder.done) this.complete(next < bytes.length);
    else this.touch();
    return next;
  }

  private readonly onContent = (chunk: Buffer): void => {
    this.user?.onBody(chunk);
  };

  private switchProtocol(user: ConnectionUser, head: ScannedResponse, first: Buffer): void {
    if (!user.request.upgrade) throw invalid('101 unasked');
    this.user = undefined;
    this.leaveHome();
    user.onSwitch(head, this.socket, first);
  }

  /** @param more bytes follow the answer, which nobody asked for */
  private complete(more: boolean): void {
    const { user } = this;
    this.user = undefined;
    this.answering = false;
    // A request that is still being sent would go on as the next one.
    if (this.reusable && this.requestSent && !more && !this.socket.destroyed) {
      this.used = true;
      this.deadline.set(UPSTREAM_IDLE_MS);
      // The user may have held it.
      this.socket.resume();
      this.home.onFree(this);
    } else {
      this.destroy();
    }
    user?.onEnd(this.decoder.trailers);
  }

  private fail(error: ProxyError): void {
    const { user, used, answering } = this;
    const stale = used && !answering && this.head === undefined && this.interim === 0;
    this.destroy();
    user?.onFailed(error, stale);
  }

  private leaveHome(): void {
    if (this.gone) return;
    this.gone = true;
    this.deadline.stop();
    this.home.onClosed(this);
  }

  private awaitResponse(): void {
    // While the connection is made, the time for that is running.
    if (this.answering || !this.socket.connected || this.user === undefined) return;
    this.deadline.set(this.user.request.responseTimeoutMs);
  }

  private touch(): void {
    if (this.user !== undefined) this.deadline.set(this.user.request.idleTimeoutMs);
  }

  private onLate(): void {
    const what = this.socket.connected
      ? this.answering
        ? 'no byte in either direction'
        : 'upstream did not answer in time'
      : 'upstream did not accept in time';
    this.fail(new ProxyError('ERR_PROXY_UPSTREAM_TIMEOUT', what));
  }
}

/** RFC 9112 section 9.3; what an HTTP/1.0 server means by keep-alive is anybody's guess. */
function staysOpen({ httpVersion, fields }: ScannedResponse): boolean {
  return httpVersion === '1.1' && !fields.connection.includes('close');
}

function invalid(what: string): ProxyError {
  return new ProxyError('ERR_PROXY_UPSTREAM_INVALID', `upstream answered with ${what}`);
}
