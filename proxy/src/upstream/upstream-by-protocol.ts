// SPDX-License-Identifier: Apache-2.0
import type { UpstreamClient } from './upstream-client.ts';

/** Talks to each upstream in the protocol that its route names. */
export function upstreamByProtocol(http1: UpstreamClient, h2c: UpstreamClient): UpstreamClient {
  return {
    send: (request, handlers) =>
      (request.upstream.protocol === 'h2c' ? h2c : http1).send(request, handlers),
    forget(upstream) {
      http1.forget(upstream);
      h2c.forget(upstream);
    },
    close() {
      http1.close();
      h2c.close();
    },
  };
}
