// SPDX-License-Identifier: Apache-2.0
import { constants, type Http2Stream } from 'node:http2';
import type { TunnelEnd } from '../worker/tunnel.ts';

/**
 * How long a client may take to end its side after ours has ended. A reset at once would overtake what it has not read;
 * what it still sends is dropped.
 */
const LINGER_MS = 1_000;

/** A stream as the end of a tunnel, RFC 8441 section 5: its end is a FIN, its reset with CANCEL a broken connection. */
export function tunnelEnd(stream: Http2Stream): TunnelEnd {
  const destroy = stream.destroy.bind(stream);
  return Object.assign(stream, {
    destroy: (error?: Error): Http2Stream => {
      // Node calls it too, once the stream is closed.
      if (stream.closed) return destroy(error);
      stream.close(constants.NGHTTP2_CANCEL);
      return stream;
    },
    destroySoon: (): void => {
      if (stream.closed) return;
      const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), LINGER_MS);
      stream.once('close', () => clearTimeout(timer));
      stream.end();
      stream.resume();
    },
  });
}
