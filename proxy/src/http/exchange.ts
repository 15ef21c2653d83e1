// SPDX-License-Identifier: Apache-2.0
import { ProxyError, type ProxyErrorCode } from '../errors.ts';
import type { UpstreamClient } from '../upstream/upstream-client.ts';
import { loggedPath, type AccessLog } from './access-log.ts';
import type { ClientConnection } from './client-connection.ts';
import type { TunnelEnd } from '../worker/tunnel.ts';
import type {
  AnswerPlan,
  ClientStream,
  ClientStreamHandlers,
  RequestHead,
  SwitchHead,
} from './client-stream.ts';
import { errorAnswer, statusOf } from './error-response.ts';
import { replaceFields, type RawHeaders } from './header-rules.ts';
import type { LocalAnswer } from './local-resource.ts';
import type { MessageFields } from './message-fields.ts';
import { hasContent } from './request-rules.ts';
import { traceIdOf } from './trace-context.ts';

/** What all requests of a worker share. */
export interface ExchangeContext {
  readonly upstreams: UpstreamClient;
  readonly log: AccessLog;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicMs: () => number;
  readonly nextRequestId: () => string;
  /** The worker is about to end: answers close their connections. */
  readonly draining: () => boolean;
}

/** Where the content of a request goes, and who answers it. */
export interface ExchangeTask {
  onContent(chunk: Uint8Array): void;
  onContentEnd(trailers: RawHeaders): void;
  onDrain(): void;
  /** The answer is complete, or there will be none: nothing of the exchange may be touched any more. */
  stop(): void;
}

/** One request, from its head to the last byte of the answer: who asked, what was answered, and the line in the log. */
export class Exchange implements ClientStreamHandlers {
  readonly id: string;
  readonly head: RequestHead;
  readonly connection: ClientConnection;
  private readonly context: ExchangeContext;
  private readonly client: ClientStream;
  /** By the clock of the context. */
  readonly startedAt: number;
  private task: ExchangeTask | undefined;
  private failure: ProxyError | undefined;
  private contentTimer: NodeJS.Timeout | undefined;
  private leaving = false;
  private traceId: string | undefined;
  private ownFields: RawHeaders | undefined;
  private received: boolean;
  private status: number | undefined;
  private ended = false;
  private bytesIn = 0;
  private bytesOut = 0;

  constructor(
    context: ExchangeContext,
    connection: ClientConnection,
    head: RequestHead,
    client: ClientStream,
  ) {
    this.context = context;
    this.connection = connection;
    this.head = head;
    this.client = client;
    this.received = !hasContent(head.body);
    this.id = context.nextRequestId();
    this.startedAt = context.monotonicMs();
    client.attach(this);
  }

  /** All content of the request is here. */
  get complete(): boolean {
    return this.received;
  }

  /** A head has been sent, or nobody waits for one. */
  get answered(): boolean {
    return this.status !== undefined || this.ended;
  }

  /** Content that the client has sent so far. */
  get contentBytes(): number {
    return this.bytesIn;
  }

  /**
   * Gives the request to whoever answers it.
   *
   * @param contentMs how long the content may take to arrive
   */
  start(task: ExchangeTask, contentMs: number): void {
    this.task = task;
    if (!this.received) this.contentTimer = setTimeout(() => this.onLateContent(), contentMs);
  }

  /** @param fields of the request */
  noteTrace({ traceparent }: MessageFields): void {
    if (traceparent.length > 0) this.traceId = traceIdOf(traceparent);
  }

  /** Has the answer say something whatever its maker says. @param fields without those that frame it */
  setFields(fields: RawHeaders | undefined): void {
    this.ownFields = fields;
  }

  /** Lets the client know with the answer that it should open a new connection. */
  endConnection(): void {
    this.leaving = true;
  }

  /** Starts the answer. @param unread what the client still sends is not going to be read */
  sendHead(status: number, statusText: string, plan: AnswerPlan, unread: boolean): void {
    if (this.answered) return;
    const { hasBody, chunked } = plan;
    const { ownFields } = this;
    const headers = ownFields === undefined ? plan.headers : replaceFields(plan.headers, ownFields);
    const leave = this.leaving || this.context.draining();
    this.client.sendHead({ status, statusText, headers, hasBody, chunked, unread, leave });
    this.status = status;
  }

  /** @returns false when the caller should wait for `onDrain` */
  write(chunk: Uint8Array): boolean {
    if (this.ended) return true;
    this.bytesOut += chunk.length;
    return this.client.write(chunk);
  }

  /** Completes the answer. */
  end(trailers: RawHeaders): void {
    if (this.ended) return;
    this.finish();
    this.client.end(trailers);
  }

  /** Answers in one piece. */
  answer({ status, headers, body }: LocalAnswer, unread: boolean): void {
    // RFC 9110, section 8.6: an answer that never has content has no length either.
    const empty = status === 204;
    const hasBody = this.head.method !== 'HEAD' && !empty;
    const complete = empty ? headers : [...headers, 'Content-Length', String(body.length)];
    this.sendHead(status, '', { headers: complete, hasBody, chunked: false }, unread);
    if (hasBody && body.length > 0) this.write(body);
    this.end([]);
  }

  /** Agrees to an upgrade. The stream is the caller's from then on, who reports its end with `reportTunnel`. */
  switchProtocol(head: SwitchHead): TunnelEnd | undefined {
    if (this.answered) return undefined;
    this.status = head.status;
    this.ended = true;
    this.connection.onTunnel();
    return this.client.switchProtocol(head);
  }

  /** Reports a tunnel that has ended. */
  reportTunnel(bytesIn: number, bytesOut: number): void {
    this.bytesIn = bytesIn;
    this.bytesOut = bytesOut;
    this.log(true);
  }

  /** Sends 1xx. */
  inform(status: number, headers: RawHeaders): void {
    if (!this.answered) this.client.sendInformation(status, headers);
  }

  /**
   * Answers with an error, or breaks off when an answer has begun: a client must not take half of it for the whole.
   *
   * @param unread nothing more can be read of this request with certainty
   */
  fail(error: ProxyError, unread: boolean = !this.received): void {
    if (this.ended) return;
    this.failure ??= error;
    if (this.answered) {
      this.finish();
      this.client.abort(error);
      return;
    }
    if (error.code === 'ERR_PROXY_UPSTREAM_REFUSED' && this.client.refuse()) {
      this.status = statusOf(error.code);
      this.finish();
      return;
    }
    this.answer(errorAnswer(error, this.id), unread);
  }

  /** Breaks off when it is too late to say anything. */
  abort(): void {
    this.finish();
    this.client.abort();
  }

  /** Holds back content of the request. */
  pause(): void {
    this.client.pause();
  }

  /** Lets content come again. */
  resume(): void {
    this.client.resume();
  }

  onContent(chunk: Uint8Array): void {
    if (this.ended) return;
    this.bytesIn += chunk.length;
    this.connection.budget?.charge(chunk.length, this.context.monotonicMs());
    this.task?.onContent(chunk);
  }

  onContentEnd(trailers: RawHeaders): void {
    this.received = true;
    clearTimeout(this.contentTimer);
    if (!this.ended) this.task?.onContentEnd(trailers);
  }

  onInvalid(error: ProxyError): void {
    this.fail(error, true);
  }

  onDrain(): void {
    if (!this.ended) this.task?.onDrain();
  }

  onClosed(delivered: boolean): void {
    clearTimeout(this.contentTimer);
    this.finish();
    this.log(delivered);
  }

  private onLateContent(): void {
    // After an early answer nobody waits for the rest any more, and nobody can be told.
    if (this.ended) this.client.abort();
    else this.fail(new ProxyError('ERR_PROXY_REQUEST_TIMEOUT', 'content took too long'), true);
  }

  private finish(): void {
    this.ended = true;
    const { task } = this;
    this.task = undefined;
    task?.stop();
  }

  private log(delivered: boolean): void {
    const code: ProxyErrorCode | undefined =
      this.failure?.code ?? (delivered ? undefined : 'ERR_PROXY_REQUEST_ABORTED');
    this.context.log({
      requestId: this.id,
      host: this.connection.hostname,
      method: this.head.method,
      path: loggedPath(this.head.target),
      peer: this.connection.peerAddress,
      status: this.status ?? 499,
      durationMs: toMicroseconds(this.context.monotonicMs() - this.startedAt),
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      ...(this.traceId === undefined ? {} : { traceId: this.traceId }),
      ...(code === undefined ? {} : { code }),
      ...(this.failure === undefined ? {} : { reason: this.failure.message }),
    });
  }
}

/** Milliseconds with the digits that mean something. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
