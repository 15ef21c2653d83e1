// SPDX-License-Identifier: Apache-2.0
import type { ProxyErrorCode } from '../errors.ts';
import { Meter } from './meter.ts';

/** What one client address, or all clients of one host, may do in one worker; what is absent has no bound of its own. */
export interface AccountLimits {
  /** Open at a time. */
  readonly connections?: number | undefined;
  /** A second. */
  readonly handshakes?: number | undefined;
  /** A second. */
  readonly requests?: number | undefined;
  /** Bytes of request content, a second. */
  readonly contentBytes?: number | undefined;
}

/** What an address or a host has done. */
export class Account {
  private open = 0;
  private readonly handshakes = new Meter();
  private readonly requests = new Meter();
  private readonly content = new Meter();

  /** No connection is open. */
  get idle(): boolean {
    return this.open === 0;
  }

  /** Why no further connection is allowed, or `undefined`: then one is open, until `leave`. */
  enter({ connections, handshakes }: AccountLimits, now: number): ProxyErrorCode | undefined {
    if (connections !== undefined && this.open >= connections) {
      return 'ERR_PROXY_TOO_MANY_CONNECTIONS';
    }
    if (handshakes !== undefined && !this.handshakes.take(handshakes, now)) {
      return 'ERR_PROXY_TOO_MANY_HANDSHAKES';
    }
    this.open += 1;
    return undefined;
  }

  /** A connection has closed. */
  leave(): void {
    this.open -= 1;
  }

  /** Why no further request is allowed, or `undefined`: then it is counted. */
  request({ requests, contentBytes }: AccountLimits, now: number): ProxyErrorCode | undefined {
    if (contentBytes !== undefined && this.content.isOver(now)) {
      return 'ERR_PROXY_TOO_MUCH_CONTENT';
    }
    if (requests === undefined || this.requests.take(requests, now)) return undefined;
    return 'ERR_PROXY_TOO_MANY_REQUESTS';
  }

  /** Content of a request has arrived. */
  charge({ contentBytes }: AccountLimits, bytes: number, now: number): void {
    if (contentBytes !== undefined) this.content.charge(bytes, contentBytes, now);
  }
}
