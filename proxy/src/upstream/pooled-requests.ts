// SPDX-License-Identifier: Apache-2.0
import type { ClientRequest } from 'node:http';
import type { Upstream } from '@proofgate/api';

/** Counts the requests that have a connection of the pool or wait for one, for each upstream. */
export class PooledRequests {
  private readonly most: number;
  private readonly open = new Map<string, number>();

  /** @param most with a connection and waiting, together, for one upstream */
  constructor(most: number) {
    this.most = most;
  }

  /** Whether the next request to this upstream would be one too many. */
  full(upstream: Upstream): boolean {
    return (this.open.get(keyOf(upstream)) ?? 0) >= this.most;
  }

  /** Counts a request until it is closed: Node tells so after it has given the connection back. */
  add(upstream: Upstream, client: ClientRequest): void {
    const key = keyOf(upstream);
    this.open.set(key, (this.open.get(key) ?? 0) + 1);
    client.once('close', () => {
      const left = (this.open.get(key) ?? 0) - 1;
      if (left > 0) this.open.set(key, left);
      else this.open.delete(key);
    });
  }
}

function keyOf(upstream: Upstream): string {
  return upstream.kind === 'unix'
    ? `unix:${upstream.path}`
    : `tcp:${upstream.host}:${upstream.port}`;
}
