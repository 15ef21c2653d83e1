// SPDX-License-Identifier: Apache-2.0
import type { Upstream } from '@proofgate/api';
import { ProxyError } from '../errors.ts';
import type { ScannedResponse } from '../http1/response-scanner.ts';
import type { Http1UpstreamConnection } from './http1-upstream-connection.ts';
import type {
  UpstreamClient,
  UpstreamExchange,
  UpstreamHandlers,
  UpstreamRequest,
} from './upstream-client.ts';
import {
  MAX_SOCKETS_PER_UPSTREAM,
  MAX_WAITING_PER_UPSTREAM,
  UpstreamPool,
  type PoolLimits,
  type Waiting,
} from './upstream-pool.ts';
import type { UpstreamSocket } from './upstream-socket.ts';

/** What a client may be given. */
export interface Http1UpstreamOptions extends Partial<PoolLimits> {
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicMs: () => number;
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

/** An upstream client that speaks HTTP/1.1 over a pool of connections for each upstream. */
export function createHttp1UpstreamClient(options: Http1UpstreamOptions): UpstreamClient {
  const limits: PoolLimits = {
    maxSockets: options.maxSockets ?? MAX_SOCKETS_PER_UPSTREAM,
    maxWaiting: options.maxWaiting ?? MAX_WAITING_PER_UPSTREAM,
  };
  const pools = new Map<string, UpstreamPool>();
  // A route is the same object from request to request.
  const known = new WeakMap<Upstream, UpstreamPool>();
  const poolOf = (upstream: Upstream): UpstreamPool => {
    const found = known.get(upstream);
    if (found?.retired === false) return found;
    const key = keyOf(upstream);
    const pool = pools.get(key) ?? new UpstreamPool(upstream, limits, options.monotonicMs);
    pools.set(key, pool);
    known.set(upstream, pool);
    return pool;
  };
  return {
    send: (request, handlers) => new Attempt(poolOf(request.upstream), request, handlers),
    forget(upstream) {
      const key = keyOf(upstream);
      pools.get(key)?.retire();
      pools.delete(key);
    },
    close() {
      for (const pool of pools.values()) pool.close();
    },
  };
}

/** One request, which may take a second connection when the first turns out to be stale. */
class Attempt implements UpstreamExchange, Waiting {
  readonly request: UpstreamRequest;
  private readonly pool: UpstreamPool;
  private readonly handlers: UpstreamHandlers;
  private connection: Http1UpstreamConnection | undefined;
  /** What was written before there was a connection. */
  private early: Buffer[] | undefined;
  private earlyEnd: readonly string[] | undefined;
  private waitTimer: NodeJS.Timeout | undefined;
  /** No further handler may be called. */
  private over = false;

  constructor(pool: UpstreamPool, request: UpstreamRequest, handlers: UpstreamHandlers) {
    this.pool = pool;
    this.request = request;
    this.handlers = handlers;
    if (request.upgrade) {
      this.onConnection(pool.connect());
      return;
    }
    if (!pool.take(this)) {
      const busy = new ProxyError('ERR_PROXY_UPSTREAM_BUSY', 'too many requests are waiting');
      process.nextTick(() => this.fail(busy));
      return;
    }
    if (this.connection === undefined) this.wait();
  }

  write(chunk: Uint8Array): boolean {
    if (this.over) return true;
    if (this.connection !== undefined) return this.connection.write(chunk);
    this.early ??= [];
    this.early.push(Buffer.from(chunk));
    return false;
  }

  end(trailers: readonly string[]): void {
    if (this.over) return;
    if (this.connection === undefined) this.earlyEnd = trailers;
    else this.connection.endRequest(trailers);
  }

  pause(): void {
    this.connection?.pause();
  }

  resume(): void {
    this.connection?.resume();
  }

  abort(): void {
    if (this.over) return;
    this.finish()?.destroy();
  }

  onConnection(connection: Http1UpstreamConnection): void {
    clearTimeout(this.waitTimer);
    this.connection = connection;
    connection.carry(this);
    const { early, earlyEnd } = this;
    if (early === undefined && earlyEnd === undefined) return;
    this.early = undefined;
    for (const chunk of early ?? []) connection.write(chunk);
    if (earlyEnd === undefined) this.handlers.onWritable();
    else connection.endRequest(earlyEnd);
  }

  onInformation(status: number, rawHeaders: readonly string[]): void {
    this.handlers.onInformation(status, rawHeaders);
  }

  onResponse(head: ScannedResponse): void {
    this.handlers.onResponse(head);
  }

  onBody(chunk: Buffer): void {
    if (!this.over) this.handlers.onBody(chunk);
  }

  onEnd(trailers: readonly string[]): void {
    this.finish();
    this.handlers.onEnd(trailers);
  }

  onSwitch(head: ScannedResponse, socket: UpstreamSocket, first: Buffer): void {
    this.finish();
    this.handlers.onSwitch(head, socket, first);
  }

  onFailed(error: ProxyError, stale: boolean): void {
    this.connection = undefined;
    // RFC 9112 section 9.3.1: the upstream may close an idle connection at the moment it is used again. That the request
    // was not acted on cannot be known, so only what may be done twice is sent twice, and only once more.
    const { request } = this;
    const repeatable = !request.hasBody && IDEMPOTENT_METHODS.has(request.method);
    if (stale && repeatable && !this.pool.retired && error.code === 'ERR_PROXY_UPSTREAM_CLOSED') {
      this.onConnection(this.pool.connect());
    } else {
      this.fail(error);
    }
  }

  onWritable(): void {
    this.handlers.onWritable();
  }

  private wait(): void {
    const late = new ProxyError('ERR_PROXY_UPSTREAM_TIMEOUT', 'no connection was free in time');
    this.waitTimer = setTimeout(() => this.fail(late), this.request.responseTimeoutMs);
  }

  private fail(error: ProxyError): void {
    if (this.over) return;
    this.finish();
    this.handlers.onError(error);
  }

  /** @returns the connection that it had */
  private finish(): Http1UpstreamConnection | undefined {
    const { connection } = this;
    this.over = true;
    this.connection = undefined;
    clearTimeout(this.waitTimer);
    this.pool.leave(this);
    return connection;
  }
}

function keyOf(upstream: Upstream): string {
  return upstream.kind === 'unix'
    ? `unix:${upstream.path}`
    : `tcp:${upstream.host}:${upstream.port}`;
}
