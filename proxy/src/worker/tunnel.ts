// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';

/** Both ends of a tunnel are sockets, which have an idle timer and close after their last byte is out. */
export interface TunnelEnd extends Duplex {
  setTimeout(timeoutMs: number, onIdle: () => void): unknown;
  destroySoon(): void;
}

/** How a tunnel went. */
export interface TunnelResult {
  readonly bytesFromClient: number;
  readonly bytesToClient: number;
}

/**
 * Passes bytes both ways until both sides have ended, one side fails, or neither has sent a byte for `idleMs`.
 * Back-pressure goes through, and an end in one direction leaves the other open.
 */
export function tunnel(
  client: TunnelEnd,
  upstream: TunnelEnd,
  idleMs: number,
  onClosed: (result: TunnelResult) => void,
): void {
  let bytesFromClient = 0;
  let bytesToClient = 0;
  let open = 2;
  client.on('data', (chunk: Buffer) => (bytesFromClient += chunk.length));
  upstream.on('data', (chunk: Buffer) => (bytesToClient += chunk.length));
  const join = (end: TunnelEnd, other: TunnelEnd): void => {
    end.on('error', () => other.destroy());
    end.once('close', () => {
      // Not at once: the last bytes and the end that were passed on are still on their way out.
      other.destroySoon();
      open -= 1;
      if (open === 0) onClosed({ bytesFromClient, bytesToClient });
    });
    end.pipe(other);
  };
  join(client, upstream);
  join(upstream, client);
  // Every byte that passes touches both sockets, so one timer sees all.
  client.setTimeout(idleMs, () => {
    client.destroy();
    upstream.destroy();
  });
}
