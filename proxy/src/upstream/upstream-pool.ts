// SPDX-License-Identifier: Apache-2.0
import type { Upstream } from '@proofgate/api';
import { ProxyError } from '../errors.ts';
import {
  Http1UpstreamConnection,
  type ConnectionHome,
  type ConnectionUser,
} from './http1-upstream-connection.ts';

/** Connections to one upstream: beyond what a single-threaded server can work on at once, more only queue there. */
export const MAX_SOCKETS_PER_UPSTREAM = 256;

/** Requests that may wait for one of those connections; the next is answered 503, so that clients can go elsewhere. */
export const MAX_WAITING_PER_UPSTREAM = 1_024;

/** What a pool may hold. */
export interface PoolLimits {
  readonly maxSockets: number;
  readonly maxWaiting: number;
}

/** Someone who waits for a connection. */
export interface Waiting extends ConnectionUser {
  onConnection(connection: Http1UpstreamConnection): void;
}

/** The connections to one upstream. */
export class UpstreamPool implements ConnectionHome {
  /** Something else listens there by now. */
  retired = false;
  private readonly upstream: Upstream;
  private readonly limits: PoolLimits;
  private readonly now: () => number;
  private readonly open = new Set<Http1UpstreamConnection>();
  /** The last one that was used first: the others become idle, and go. */
  private readonly free: Http1UpstreamConnection[] = [];
  /** In their order. */
  private readonly waiting = new Set<Waiting>();

  constructor(upstream: Upstream, limits: PoolLimits, now: () => number) {
    this.upstream = upstream;
    this.limits = limits;
    this.now = now;
  }

  /**
   * Gives a connection, at once or when one is free.
   *
   * @returns false when too many wait already
   */
  take(user: Waiting): boolean {
    const free = this.free.pop();
    if (free !== undefined) user.onConnection(free);
    else if (this.open.size < this.limits.maxSockets) user.onConnection(this.connect());
    else if (this.waiting.size < this.limits.maxWaiting) this.waiting.add(user);
    else return false;
    return true;
  }

  /** A connection that has not served before, whatever the limit: it replaces one that turned out to be closed. */
  connect(): Http1UpstreamConnection {
    const connection = new Http1UpstreamConnection(this.upstream, this, this.now);
    this.open.add(connection);
    return connection;
  }

  /** Waits no more. */
  leave(user: Waiting): void {
    this.waiting.delete(user);
  }

  /** Nobody gets a connection any more who has none yet. */
  retire(): void {
    this.retired = true;
    const gone = new ProxyError('ERR_PROXY_UPSTREAM_UNREACHABLE', 'something else is there by now');
    for (const user of [...this.waiting]) user.onFailed(gone, false);
    for (const connection of [...this.free]) connection.destroy();
  }

  onFree(connection: Http1UpstreamConnection): void {
    if (this.retired) {
      connection.destroy();
      return;
    }
    const [next] = this.waiting;
    if (next === undefined) {
      this.free.push(connection);
      return;
    }
    this.waiting.delete(next);
    next.onConnection(connection);
  }

  onClosed(connection: Http1UpstreamConnection): void {
    this.open.delete(connection);
    const index = this.free.indexOf(connection);
    if (index !== -1) this.free.splice(index, 1);
    const [next] = this.waiting;
    if (next === undefined || this.open.size >= this.limits.maxSockets) return;
    this.waiting.delete(next);
    next.onConnection(this.connect());
  }

  /** Closes all connections. */
  close(): void {
    for (const connection of this.open) connection.destroy();
  }
}
