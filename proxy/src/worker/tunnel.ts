// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { writeShared } from '../tls/write-shared.ts';
import type { UpstreamSocket } from '../upstream/upstream-socket.ts';

/** A client's end of a tunnel: it has an idle timer and closes after its last byte is out. */
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
 *
 * @param first what the upstream has sent already
 */
export function tunnel(
  client: TunnelEnd,
  upstream: UpstreamSocket,
  first: Uint8Array,
  idleMs: number,
  onClosed: (result: TunnelResult) => void,
): void {
  let bytesFromClient = 0;
  let bytesToClient = 0;
  let open = 2;
  const closed = (): void => {
    open -= 1;
    if (open === 0) onClosed({ bytesFromClient, bytesToClient });
  };
  const toClient = (bytes: Uint8Array): void => {
    bytesToClient += bytes.length;
    if (!writeShared(client, bytes)) upstream.pause();
  };
  upstream.handlers = {
    onBytes: toClient,
    onEnd: () => client.end(),
    onDrain: () => client.resume(),
    onClosed: (error) => {
      // Not at once: the last bytes and the end that were passed on are still on their way out. After a failure at once:
      // a client must not take what it has for the whole.
      if (error === undefined) client.destroySoon();
      else client.destroy();
      closed();
    },
  };
  client.on('data', (chunk: Buffer) => {
    bytesFromClient += chunk.length;
    if (!upstream.write(chunk)) client.pause();
  });
  client.on('drain', () => upstream.resume());
  client.once('end', () => upstream.end());
  client.on('error', () => upstream.destroy());
  client.once('close', () => {
    upstream.destroySoon();
    closed();
  });
  // Every byte that passes touches both sockets, so one timer sees all.
  client.setTimeout(idleMs, () => {
    client.destroy();
    upstream.destroy();
  });
  if (first.length > 0) toClient(first);
  client.resume();
}
