// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';

/**
 * One deadline a connection, from accept to the end of the TLS handshake. Absolute, not idle: a byte now and then must
 * not keep the slot.
 */
export class HandshakeDeadlines {
  private readonly timeoutMs: number;
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  /** Starts the clock of an accepted connection. */
  start(socket: Socket, onExpired: () => void): void {
    const key = addressesOf(socket);
    const timer = setTimeout(onExpired, this.timeoutMs);
    this.timers.set(key, timer);
    socket.once('close', () => {
      clearTimeout(timer);
      if (this.timers.get(key) === timer) this.timers.delete(key);
    });
  }

  /** @param secure the TLS side of the connection */
  end(secure: Socket): void {
    const key = addressesOf(secure);
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
  }
}

/** What an accepted socket has in common with the TLS socket that is made of it, and with no other open connection. */
function addressesOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return [localAddress, remoteAddress, remotePort].join(' ');
}
