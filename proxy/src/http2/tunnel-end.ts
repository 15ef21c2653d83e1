// SPDX-License-Identifier: Apache-2.0
import { constants, type Http2Stream } from 'node:http2';
import type { TunnelEnd } from '../worker/tunnel.ts';

/** A stream as the end of a tunnel, RFC 8441 section 5: its end is a FIN, its reset with CANCEL a broken connection. */
export function tunnelEnd(stream: Http2Stream): TunnelEnd {
  return Object.assign(stream, {
    destroy: (): Http2Stream => {
      stream.close(constants.NGHTTP2_CANCEL);
      return stream;
    },
    destroySoon: (): void => {
      // Ends first, and resets what the client still sends.
      stream.end(() => stream.close(constants.NGHTTP2_NO_ERROR));
      stream.resume();
    },
  });
}
