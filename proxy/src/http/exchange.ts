// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Route } from '../ipc/snapshot.ts';
import { ProxyError, type ProxyErrorCode } from '../errors.ts';
import type {
  UpstreamClient,
  UpstreamExchange,
  UpstreamResponse,
} from '../upstream/upstream-client.ts';
import { loggedPath, type AccessLog } from './access-log.ts';
import type { ClientConnection, OpenExchange } from './client-connection.ts';
import { sendError, serializeHead, statusOf, writeError } from './error-response.ts';
import { clientResponseHeaders, forwardedTrailers } from './header-rules.ts';
import type { RequestPlan } from './request-rules.ts';
import { planResponse } from './response-rules.ts';
import { upstreamRequest } from './upstream-request.ts';

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

const CONNECTION_CLOSE = ['Connection', 'close'] as const;

/** One HTTP request: from its head to the last byte of the answer. Forwards in both directions with back-pressure. */
export class Exchange implements OpenExchange {
  readonly id: string;
  private readonly context: ExchangeContext;
  private readonly connection: ClientConnection;
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private readonly startedAt: number;
  private upstream: UpstreamExchange | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private failure: ProxyError | undefined;
  /** Status of an answer that was written past the HTTP server. */
  private refusedWith: number | undefined;
  /** The answer is the last one on its connection. */
  private last = false;
  private bytesIn = 0;
  private bytesOut = 0;

  constructor(
    context: ExchangeContext,
    connection: ClientConnection,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    this.context = context;
    this.connection = connection;
    this.request = request;
    this.response = response;
    this.id = context.nextRequestId();
    this.startedAt = context.monotonicMs();
    connection.exchanges.add(this);
    // An abort shows as `close` of the response; the error beside it says no more.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    response.once('close', () => this.onClosed());
  }

  get answerable(): boolean {
    return !this.request.complete && !this.response.headersSent;
  }

  /** Lets the client know with the answer that it should open a new connection. */
  endConnection(): void {
    this.last = true;
  }

  /** Sends the request on and the answer back. */
  forward(plan: RequestPlan, route: Route): void {
    const outgoing = upstreamRequest(this.request, plan, route, this.connection);
    this.upstream = this.context.upstreams.send(outgoing, {
      onInformation: (status, raw) => this.relayInformation(status, raw, plan),
      onResponse: (answer) => this.relay(answer, route),
      onSwitch: (_head, connection) => {
        // Only an upgrade asks for a switch, and those do not come here.
        connection.destroy();
        this.fail(new ProxyError('ERR_PROXY_UPSTREAM_INVALID', 'upstream switched unasked'), false);
      },
      onError: (error) => this.fail(error, !this.request.complete),
      onDrain: () => this.request.resume(),
    });
    if (outgoing.hasBody) this.sendBody(route, plan);
  }

  /**
   * Answers from the worker itself.
   *
   * @param close the request has content, which nobody reads
   */
  answer(headers: readonly string[], body: Uint8Array, close: boolean): void {
    this.bytesOut = this.request.method === 'HEAD' ? 0 : body.length;
    const closing = close ? CONNECTION_CLOSE : this.closing();
    this.response.writeHead(200, [...headers, ...closing]);
    this.response.end(body);
    this.awaitReader();
  }

  /**
   * Answers with an error, or breaks off when an answer has begun: a client must not take half of it for the whole.
   *
   * @param close nothing more can be read from this connection with certainty
   */
  fail(error: ProxyError, close: boolean): void {
    if (this.response.destroyed || this.response.writableEnded || this.refusedWith !== undefined) {
      return;
    }
    this.failure ??= error;
    this.upstream?.abort();
    if (this.response.headersSent) {
      this.response.destroy();
      return;
    }
    if (!close) {
      this.sendError(error, this.context.draining());
      return;
    }
    this.connection.refused = true;
    this.refuse(error);
  }

  onTurn(): void {
    this.boundDelivery(this.response.writableEnded ? this.connection.idleTimeoutMs : 0);
  }

  private sendError(error: ProxyError, close: boolean): void {
    this.bytesOut = sendError(this.response, error, this.id, close);
    this.awaitReader();
  }

  /** Answers for the last time on this connection. */
  private refuse(error: ProxyError): void {
    this.refusedWith = statusOf(error.code);
    const { socket } = this.response;
    // With answers before this one still on their way, only the HTTP server can tell when it is this one's turn.
    if (socket === null || this.connection.exchanges.size > 1) {
      this.sendError(error, true);
      return;
    }
    // Otherwise past the server, which would close before it has read what is still being sent.
    this.bytesOut = writeError(socket, error, this.id);
    this.request.resume();
  }

  private sendBody(route: Route, plan: RequestPlan): void {
    const timer = setTimeout(() => this.onLateContent(), route.limits.requestTimeoutMs);
    this.request.once('close', () => clearTimeout(timer));
    this.request.on('data', (chunk: Buffer) => {
      if (this.refusedWith !== undefined) return;
      this.bytesIn += chunk.length;
      this.touch();
      if (this.bytesIn > route.limits.bodyBytes) {
        this.fail(
          new ProxyError('ERR_PROXY_REQUEST_BODY_TOO_LARGE', 'request content is too large', {
            expected: `at most ${route.limits.bodyBytes} bytes`,
          }),
          true,
        );
        return;
      }
      if (this.upstream?.write(chunk) === false) this.request.pause();
    });
    this.request.once('end', () => {
      clearTimeout(timer);
      const chunked = plan.body.kind === 'chunked';
      this.upstream?.end(chunked ? forwardedTrailers(this.request.rawTrailers) : []);
    });
  }

  private onLateContent(): void {
    // After an early answer nobody waits for the rest any more, and nobody can be told.
    if (this.response.writableEnded) this.request.destroy();
    else this.fail(new ProxyError('ERR_PROXY_REQUEST_TIMEOUT', 'content took too long'), true);
  }

  private relayInformation(status: number, raw: readonly string[], plan: RequestPlan): void {
    const { response } = this;
    if (status === 100) {
      // Without it Node closes after the answer: whether held-back content still follows is up to the client.
      if (plan.expectContinue && !response.headersSent) response.writeContinue();
      return;
    }
    // No socket means that an earlier answer on this connection is not finished; HTTP/1.0 knows no 1xx.
    if (response.headersSent || response.socket === null || this.request.httpVersion === '1.0')
      return;
    const headers = clientResponseHeaders(raw, { chunked: false, contentLength: false });
    response.socket.write(serializeHead(status, undefined, headers), 'latin1');
  }

  private relay(answer: UpstreamResponse, route: Route): void {
    if (this.response.destroyed || this.response.headersSent) {
      this.upstream?.abort();
      return;
    }
    try {
      const plan = planResponse(answer, {
        method: this.request.method ?? '',
        httpVersion: this.request.httpVersion,
      });
      this.response.writeHead(answer.status, answer.statusText, [
        ...plan.headers,
        ...this.closing(),
      ]);
      this.response.flushHeaders();
      this.startIdleTimer(route.limits.idleTimeoutMs);
      this.receiveBody(answer, plan.hasBody, plan.chunked);
    } catch (error) {
      const invalid =
        error instanceof ProxyError
          ? error
          : new ProxyError('ERR_PROXY_UPSTREAM_INVALID', 'head cannot be written', {
              cause: error,
            });
      this.fail(invalid, !this.request.complete);
    }
  }

  private receiveBody(answer: UpstreamResponse, hasBody: boolean, chunked: boolean): void {
    const { response } = this;
    answer.body.on('data', (chunk: Buffer) => {
      if (!hasBody) return;
      this.bytesOut += chunk.length;
      this.touch();
      if (!response.write(chunk)) answer.body.pause();
    });
    response.on('drain', () => {
      this.touch();
      answer.body.resume();
    });
    answer.body.once('end', () => {
      if (chunked) response.addTrailers(forwardedTrailers(answer.trailers()));
      response.end();
      this.awaitReader();
      this.stopSending();
    });
    answer.body.once('close', () => {
      if (response.writableEnded) return;
      this.fail(new ProxyError('ERR_PROXY_UPSTREAM_CLOSED', 'upstream broke off its answer'), true);
    });
  }

  /**
   * An upstream that has answered in full before it was sent all content may not read the rest: its connection is not
   * used again. The client's remaining content is read and dropped, which keeps the client's connection in step.
   */
  private stopSending(): void {
    if (this.request.complete) return;
    this.upstream?.abort();
    this.request.resume();
  }

  private closing(): readonly string[] {
    return this.last || this.context.draining() ? CONNECTION_CLOSE : [];
  }

  private startIdleTimer(idleMs: number): void {
    this.idleTimer = setTimeout(() => {
      this.fail(new ProxyError('ERR_PROXY_UPSTREAM_TIMEOUT', 'no byte in either direction'), true);
    }, idleMs);
  }

  private touch(): void {
    this.idleTimer?.refresh();
  }

  /** The answer is complete; from here on it is the client who must not stand still. */
  private awaitReader(): void {
    clearTimeout(this.idleTimer);
    this.boundDelivery(this.connection.idleTimeoutMs);
  }

  /**
   * The socket's own timer, since only the socket knows when bytes leave it. The HTTP server destroys a socket whose
   * timer fires, and sets the timer anew when no answer is left to deliver.
   *
   * @param idleMs 0 for as long as it takes: another deadline is running
   */
  private boundDelivery(idleMs: number): void {
    // No socket means that an earlier answer on this connection is not finished; its own bound holds.
    this.response.socket?.setTimeout(idleMs);
  }

  private leave(): void {
    this.connection.exchanges.delete(this);
    const [next] = this.connection.exchanges;
    next?.onTurn();
  }

  private onClosed(): void {
    clearTimeout(this.idleTimer);
    this.leave();
    const finished = this.response.writableFinished;
    if (!finished) this.upstream?.abort();
    const code: ProxyErrorCode | undefined =
      this.failure?.code ?? (finished ? undefined : 'ERR_PROXY_REQUEST_ABORTED');
    this.context.log({
      requestId: this.id,
      host: this.connection.hostname,
      method: this.request.method ?? '',
      path: loggedPath(this.request.url ?? ''),
      peer: this.connection.peerAddress,
      status: this.refusedWith ?? (this.response.headersSent ? this.response.statusCode : 499),
      durationMs: Math.round(this.context.monotonicMs() - this.startedAt),
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      ...(code === undefined ? {} : { code }),
      ...(this.failure === undefined ? {} : { reason: this.failure.message }),
    });
  }
}
