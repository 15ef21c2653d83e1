// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { tlsOptions, type Endpoint } from './https-request.ts';

/** A man in the middle: what it decrypts goes to the real host, and the answers come back. */
export interface TamperingServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts one with a certificate chain and key of its own in front of a host. */
export async function startTamperingServer(
  behind: Endpoint,
  identity: { readonly cert: string; readonly key: string },
): Promise<TamperingServer> {
  const server = createServer({ ...identity, minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] });
  server.on('secureConnection', (client) => {
    const host = connect(tlsOptions(behind));
    client.on('error', () => host.destroy()).on('close', () => host.destroy());
    host.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.pipe(host).pipe(client);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A server that listens on TCP has an address with a port.
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
