// SPDX-License-Identifier: Apache-2.0
import { Agent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Upstream } from '@proofgate/api';
import { ProxyError } from '../errors.ts';
import type {
  UpstreamClient,
  UpstreamExchange,
  UpstreamHandlers,
  UpstreamRequest,
} from './upstream-client.ts';
import { PooledRequests } from './pooled-requests.ts';
import { closedWithoutAnswer, upstreamFailure } from './upstream-failure.ts';

/** Connections to one upstream: beyond what a single-threaded server can work on at once, more only queue there. */
export const MAX_SOCKETS_PER_UPSTREAM = 256;

/** Requests that may wait for one of those connections; the next is answered 503, so that clients can go elsewhere. */
export const MAX_WAITING_PER_UPSTREAM = 1_024;

/** Below the 5 s after which Node closes an idle connection, the shortest default among common servers. */
export const UPSTREAM_IDLE_MS = 4_000;

/** Head of a response: twice what we accept of a request, since Set-Cookie and policies are long. */
export const MAX_RESPONSE_HEAD_BYTES = 32_768;

/** Limits that tests make small. */
export interface NodeHttpUpstreamOptions {
  readonly maxSockets?: number;
  readonly maxWaiting?: number;
}

/** An upstream client on `node:http`. */
export function createNodeHttpUpstreamClient(
  options: NodeHttpUpstreamOptions = {},
): UpstreamClient {
  const maxSockets = options.maxSockets ?? MAX_SOCKETS_PER_UPSTREAM;
  const agent = new Agent({
    keepAlive: true,
    maxSockets,
    timeout: UPSTREAM_IDLE_MS,
  });
  // An idle connection on which bytes arrive is out of step: the next request would be answered with them.
  agent.on('free', (socket: Socket) => socket.on('data', destroyOnStrayData));
  const pooled = new PooledRequests(maxSockets + (options.maxWaiting ?? MAX_WAITING_PER_UPSTREAM));
  return {
    send: (request, handlers) => new Attempt(agent, pooled, request, handlers),
    close: () => agent.destroy(),
  };
}

/** One request, which may take a second connection when the first turns out to be stale. */
class Attempt implements UpstreamExchange {
  private readonly agent: Agent;
  private readonly pooled: PooledRequests;
  private readonly request: UpstreamRequest;
  private readonly handlers: UpstreamHandlers;
  private client: ClientRequest | undefined;
  private connectTimer: NodeJS.Timeout | undefined;
  private responseTimer: NodeJS.Timeout | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private message: IncomingMessage | undefined;
  private over = false;
  /** No further handler may be called. */
  private settled = false;

  constructor(
    agent: Agent,
    pooled: PooledRequests,
    request: UpstreamRequest,
    handlers: UpstreamHandlers,
  ) {
    this.agent = agent;
    this.pooled = pooled;
    this.request = request;
    this.handlers = handlers;
    if (pooled.full(request.upstream)) {
      const busy = new ProxyError('ERR_PROXY_UPSTREAM_BUSY', 'too many requests are waiting');
      process.nextTick(() => this.fail(busy));
    } else {
      this.open(false);
    }
  }

  write(chunk: Uint8Array): boolean {
    if (this.client === undefined || this.client.destroyed) return true;
    this.idleTimer?.refresh();
    return this.client.write(chunk);
  }

  end(trailers: readonly string[]): void {
    if (this.client === undefined || this.client.destroyed) return;
    const pairs: [string, string][] = [];
    for (let n = 0; n + 1 < trailers.length; n += 2) {
      pairs.push([trailers[n] ?? '', trailers[n + 1] ?? '']);
    }
    if (pairs.length > 0) this.client.addTrailers(pairs);
    this.client.end();
    this.awaitResponse();
  }

  pause(): void {
    this.message?.pause();
  }

  resume(): void {
    this.message?.resume();
    this.idleTimer?.refresh();
  }

  abort(): void {
    this.settle();
    this.over = true;
    clearTimeout(this.idleTimer);
    this.client?.destroy();
  }

  /** @param fresh on a connection of its own, not from the pool */
  private open(fresh: boolean): void {
    const { request } = this;
    const ownConnection = fresh || request.upgrade;
    let client: ClientRequest;
    try {
      client = httpRequest({
        ...connectOptions(request.upstream),
        ...(request.upgrade ? HALF_OPEN : {}),
        agent: ownConnection ? false : this.agent,
        method: request.method,
        path: request.target,
        headers: request.headers,
        setHost: false,
        maxHeaderSize: MAX_RESPONSE_HEAD_BYTES,
        insecureHTTPParser: false,
      });
    } catch (cause) {
      // Node checks characters once more than its parser did.
      const error = new ProxyError('ERR_PROXY_REQUEST_MALFORMED', 'head cannot be written', {
        cause,
      });
      process.nextTick(() => this.fail(error));
      return;
    }
    this.client = client;
    if (!ownConnection) this.pooled.add(request.upstream, client);
    // 0 is "all of them"; by default Node drops the fields after the thousandth without a word.
    client.maxHeadersCount = 0;
    client.on('error', (error) => this.onError(error, client.reusedSocket, fresh));
    client.on('socket', (socket) => this.onSocket(socket));
    // A 101 that nobody asked for ends the connection without an error and without a response.
    client.on('close', () => {
      if (this.client === client && !this.settled) this.fail(closedWithoutAnswer());
    });
    client.on('drain', () => this.handlers.onWritable());
    client.on('information', (info) => {
      if (!this.settled) this.handlers.onInformation(info.statusCode, info.rawHeaders);
    });
    client.on('response', (message) => this.onResponse(message));
    if (request.upgrade) client.on('upgrade', (...args) => this.onUpgrade(...args));
    if (request.hasBody) {
      client.flushHeaders();
    } else {
      client.end();
      this.awaitResponse();
    }
  }

  private onSocket(socket: Socket): void {
    socket.off('data', destroyOnStrayData);
    if (!socket.connecting) return;
    this.connectTimer = setTimeout(() => {
      this.fail(new ProxyError('ERR_PROXY_UPSTREAM_TIMEOUT', 'upstream did not accept in time'));
    }, this.request.connectTimeoutMs);
    socket.once('connect', () => clearTimeout(this.connectTimer));
  }

  private awaitResponse(): void {
    if (this.settled) return;
    clearTimeout(this.responseTimer);
    this.responseTimer = setTimeout(() => {
      this.fail(new ProxyError('ERR_PROXY_UPSTREAM_TIMEOUT', 'upstream did not answer in time'));
    }, this.request.responseTimeoutMs);
  }

  private onResponse(message: IncomingMessage): void {
    if (this.settled) {
      message.destroy();
      return;
    }
    this.settle();
    message.on('error', () => undefined);
    this.message = message;
    message.on('data', (chunk: Buffer) => {
      this.idleTimer?.refresh();
      if (!this.over) this.handlers.onBody(chunk);
    });
    message.once('end', () => {
      const { over } = this;
      this.over = true;
      clearTimeout(this.idleTimer);
      if (!over) this.handlers.onEnd(message.rawTrailers);
    });
    message.once('close', () => this.breakOff(closedWithoutAnswer()));
    this.idleTimer = setTimeout(() => {
      this.breakOff(new ProxyError('ERR_PROXY_UPSTREAM_TIMEOUT', 'no byte in either direction'));
    }, this.request.idleTimeoutMs);
    this.handlers.onResponse(headOf(message));
  }

  private breakOff(error: ProxyError): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.idleTimer);
    this.client?.destroy();
    this.handlers.onError(error);
  }

  private onUpgrade(message: IncomingMessage, connection: Duplex, first: Buffer): void {
    if (this.settled) {
      connection.destroy();
      return;
    }
    this.settle();
    if (!(connection instanceof Socket)) return;
    if (first.length > 0) connection.unshift(first);
    this.handlers.onSwitch(headOf(message), connection);
  }

  private onError(error: Error, reused: boolean, fresh: boolean): void {
    if (this.settled) return;
    const failure = upstreamFailure(error);
    // RFC 9112 section 9.3.1: the upstream may close an idle connection at the moment it is used again. That the request
    // was not acted on cannot be known, so only what may be done twice is sent twice, and only once more.
    if (failure.code === 'ERR_PROXY_UPSTREAM_CLOSED' && reused && !fresh && this.repeatable()) {
      clearTimeout(this.responseTimer);
      this.open(true);
      return;
    }
    this.fail(failure);
  }

  private repeatable(): boolean {
    return !this.request.hasBody && IDEMPOTENT_METHODS.has(this.request.method);
  }

  private fail(error: ProxyError): void {
    if (this.settled) return;
    this.settle();
    this.client?.destroy();
    this.handlers.onError(error);
  }

  private settle(): void {
    this.settled = true;
    clearTimeout(this.connectTimer);
    clearTimeout(this.responseTimer);
  }
}

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
]);

/** For `net.connect`: after a protocol change one direction may end before the other. */
const HALF_OPEN = { allowHalfOpen: true } as const;

function connectOptions(upstream: Upstream): RequestOptions {
  if (upstream.kind === 'unix') return { socketPath: upstream.path };
  return { host: upstream.host, port: upstream.port };
}

function headOf(message: IncomingMessage): {
  status: number;
  statusText: string;
  rawHeaders: readonly string[];
} {
  return {
    status: message.statusCode ?? 0, // always set on a response
    statusText: message.statusMessage ?? '',
    rawHeaders: message.rawHeaders,
  };
}

function destroyOnStrayData(this: Socket): void {
  this.destroy();
}
