// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import type { ProxyErrorCode } from '../errors.ts';
import type { Route } from '../ipc/snapshot.ts';
import { UpstreamSocket } from '../upstream/upstream-socket.ts';
import { tunnel, type TunnelResult } from './tunnel.ts';

/** How a connection of a tcp route ended. */
export interface TcpOutcome extends TunnelResult {
  readonly code: ProxyErrorCode | undefined;
}

const NOTHING = new Uint8Array(0);

/** TLS ends here; the bytes inside go to the upstream unread, and its bytes come back. */
export function serveTcpRoute(
  client: TLSSocket,
  { upstream: address, limits }: Route,
  onClosed: (outcome: TcpOutcome) => void,
): void {
  let code: ProxyErrorCode | undefined;
  const upstream = new UpstreamSocket(address);
  const timer = setTimeout(() => {
    code = 'ERR_PROXY_UPSTREAM_TIMEOUT';
    upstream.destroy();
    client.destroy();
  }, limits.connectTimeoutMs);
  upstream.onceConnected(() => clearTimeout(timer));
  tunnel(client, upstream, NOTHING, limits.idleTimeoutMs, (result) => {
    clearTimeout(timer);
    if (upstream.unreachable) code ??= 'ERR_PROXY_UPSTREAM_UNREACHABLE';
    onClosed({ ...result, code });
  });
}
