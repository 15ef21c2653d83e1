// SPDX-License-Identifier: Apache-2.0
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real HTTP server as upstream. */
export interface HttpUpstream {
  readonly upstream: string;
  readonly server: Server;
  /** TCP connections that were ever opened to it. */
  connections(): number;
  close(): Promise<void>;
}

/** Starts one on loopback, or on a unix socket. */
export async function startHttpUpstream(
  listener: RequestListener,
  path?: string,
): Promise<HttpUpstream> {
  const server = createServer(listener);
  let opened = 0;
  server.on('connection', () => (opened += 1));
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(path, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    upstream: path === undefined ? `http://127.0.0.1:${String(address.port)}` : `unix:${path}`,
    server,
    connections: () => opened,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
