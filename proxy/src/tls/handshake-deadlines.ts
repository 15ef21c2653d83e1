// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';
import { connectionKey } from './connection-key.ts';

/**
 * One deadline a connection, from accept to the end of the TLS handshake. Absolute, not idle: a byte now and then must
 * not keep the slot.
 */
export class HandshakeDeadlines {
  private readonly timeoutMs: number;
  private readonly monotonicMs: () => number;
  private readonly running = new Map<string, Handshake>();

  constructor(timeoutMs: number, monotonicMs: () => number) {
    this.timeoutMs = timeoutMs;
    this.monotonicMs = monotonicMs;
  }

  /** Starts the clock of an accepted connection. */
  start(socket: Socket, onExpired: () => void): void {
    const key = connectionKey(socket);
    const timer = setTimeout(onExpired, this.timeoutMs);
    const handshake = { socket, timer, startedAt: this.monotonicMs() };
    this.running.set(key, handshake);
    socket.once('close', () => {
      clearTimeout(timer);
      if (this.running.get(key) === handshake) this.running.delete(key);
    });
  }

  /**
   * @param secure the TLS side of the connection
   * @returns the connection as it was accepted, if that is known
   */
  end(secure: Socket): EndedHandshake | undefined {
    const key = connectionKey(secure);
    const handshake = this.running.get(key);
    if (handshake === undefined) return undefined;
    clearTimeout(handshake.timer);
    this.running.delete(key);
    return { socket: handshake.socket, durationMs: this.monotonicMs() - handshake.startedAt };
  }
}

/** A handshake that is complete. */
export interface EndedHandshake {
  /** As it was accepted. */
  readonly socket: Socket;
  /** Since then. */
  readonly durationMs: number;
}

interface Handshake {
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
  readonly startedAt: number;
}
