// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import type { ProxyErrorCode } from '../errors.ts';
import type { Route } from '../ipc/snapshot.ts';
import { encodeProxyHeader, type TlsFacts } from '../proxy-protocol/encode-proxy-header.ts';
import type { Endpoints } from '../proxy-protocol/header-format.ts';
import { UpstreamSocket } from '../upstream/upstream-socket.ts';
import { tunnel, type TunnelResult } from './tunnel.ts';

/** How a connection of a tcp route ended. */
export interface TcpOutcome extends TunnelResult {
  readonly code: ProxyErrorCode | undefined;
}

const NOTHING = new Uint8Array(0);

/**
 * TLS ends here; the bytes inside go to the upstream unread, and its bytes come back.
 *
 * @param endpoints of the client's connection; `undefined` when it has been closed already
 */
export function serveTcpRoute(
  client: TLSSocket,
  { hostname, upstream: address, proxyProtocol, limits }: Route,
  endpoints: Endpoints | undefined,
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
  if (proxyProtocol !== undefined && endpoints !== undefined) {
    upstream.write(encodeProxyHeader(endpoints, tlsFacts(client, hostname)));
  }
  tunnel(client, upstream, NOTHING, limits.idleTimeoutMs, (result) => {
    clearTimeout(timer);
    if (upstream.unreachable) code ??= 'ERR_PROXY_UPSTREAM_UNREACHABLE';
    onClosed({ ...result, code });
  });
}

function tlsFacts(client: TLSSocket, serverName: string): TlsFacts {
  const { standardName } = client.getCipher();
  const { alpnProtocol } = client;
  return {
    serverName,
    alpn: typeof alpnProtocol === 'string' ? alpnProtocol : undefined,
    version: client.getProtocol() ?? '',
    cipher: standardName,
  };
}
