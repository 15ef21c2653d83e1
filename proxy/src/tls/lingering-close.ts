// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';

/** How long a refused client may take to read why before it is cut. */
export const LINGER_MS = 1_000;

/**
 * Sends last bytes and goes on discarding what arrives for a moment: closing a connection with unread bytes makes the
 * kernel reset it, and the reset may overtake what was sent (RFC 9112 section 9.6).
 */
export function endLingering(socket: Duplex, last: Uint8Array): void {
  linger(socket);
  socket.end(last);
}

/** The same for a socket whose last bytes may take a while: the moment begins when they are out. */
export function lingerWhenSent(socket: Duplex): void {
  socket.end(() => linger(socket));
}

/** Goes on discarding what arrives on a socket that has been ended, until the client has ended it too, or for a moment. */
export function linger(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  if (socket.readableEnded) socket.destroy();
  else socket.once('end', () => socket.destroy());
  socket.resume();
}
