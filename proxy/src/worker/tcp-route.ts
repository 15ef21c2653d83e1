// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ProxyErrorCode } from '../errors.ts';
import type { Route } from '../ipc/snapshot.ts';
import { tunnel, type TunnelResult } from './tunnel.ts';

/** How a connection of a tcp route ended. */
export interface TcpOutcome extends TunnelResult {
  readonly code: ProxyErrorCode | undefined;
}

/** TLS ends here; the bytes inside go to the upstream unread, and its bytes come back. */
export function serveTcpRoute(
  client: TLSSocket,
  route: Route,
  onClosed: (outcome: TcpOutcome) => void,
): void {
  const { upstream: address, limits } = route;
  const target =
    address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  const upstream = connect({ ...target, allowHalfOpen: true, noDelay: true });
  let connected = false;
  let code: ProxyErrorCode | undefined;
  const unreachable = (reason: ProxyErrorCode) => (): void => {
    if (connected) return;
    code ??= reason;
    upstream.destroy();
    client.destroy();
  };
  const timer = setTimeout(unreachable('ERR_PROXY_UPSTREAM_TIMEOUT'), limits.connectTimeoutMs);
  upstream.on('error', unreachable('ERR_PROXY_UPSTREAM_UNREACHABLE'));
  upstream.once('connect', () => {
    connected = true;
    clearTimeout(timer);
  });
  tunnel(client, upstream, limits.idleTimeoutMs, (result) => {
    clearTimeout(timer);
    onClosed({ ...result, code });
  });
}
