// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from 'node:net';
import type { Upstream } from '@proofgate/api';
import { READ_BUFFER } from './read-buffer.ts';

/** What happens on a connection to an upstream. */
export interface UpstreamSocketHandlers {
  /** Bytes that are overwritten when this returns: whoever keeps them takes a copy. */
  onBytes(bytes: Buffer): void;
  /** The upstream sends no more. */
  onEnd(): void;
  /** It takes bytes again. */
  onDrain(): void;
  /** @param error why, unless it was closed in order or by us */
  onClosed(error: Error | undefined): void;
}

/** A connection to an upstream, read without a stream's queue in between. What reads it may change while it is open. */
export class UpstreamSocket {
  /** To be set before anything can happen, in the same turn of the event loop. */
  handlers: UpstreamSocketHandlers | undefined;
  private readonly socket: Socket;
  private stands = false;
  private error: Error | undefined;

  constructor(upstream: Upstream) {
    const address =
      upstream.kind === 'unix'
        ? { path: upstream.path }
        : { host: upstream.host, port: upstream.port };
    const socket = connect({
      ...address,
      allowHalfOpen: true,
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (size) => {
          this.handlers?.onBytes(READ_BUFFER.subarray(0, size));
          return true;
        },
      },
    });
    this.socket = socket;
    socket.once('connect', () => (this.stands = true));
    socket.once('end', () => this.handlers?.onEnd());
    socket.on('drain', () => this.handlers?.onDrain());
    socket.once('error', (error) => (this.error = error));
    socket.once('close', () => this.handlers?.onClosed(this.error));
    // Without it the end is never told: there is nothing else to read.
    socket.resume();
  }

  /** The connection has been made, whatever has become of it. */
  get connected(): boolean {
    return this.stands;
  }

  /** The connection could not be made. */
  get unreachable(): boolean {
    return !this.stands && this.error !== undefined;
  }

  get destroyed(): boolean {
    return this.socket.destroyed;
  }

  onceConnected(onConnect: () => void): void {
    this.socket.once('connect', onConnect);
  }

  /** More has been written than it should have; `onDrain` follows. */
  get writableNeedDrain(): boolean {
    return this.socket.writableNeedDrain;
  }

  /** @returns false when the caller should wait for `onDrain` */
  write(bytes: Uint8Array | string, encoding?: 'latin1'): boolean {
    return typeof bytes === 'string'
      ? this.socket.write(bytes, encoding)
      : this.socket.write(bytes);
  }

  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.socket.uncork();
  }

  /** Sends no more. */
  end(): void {
    this.socket.end();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Closes it at once. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Closes it when what was written is out. */
  destroySoon(): void {
    this.socket.destroySoon();
  }
}
