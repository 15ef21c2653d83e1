// SPDX-License-Identifier: Apache-2.0
import { createServer, type AddressInfo } from 'node:net';
import type { HostPort } from '@proofgate/api';
import { ProxyError } from '../errors.ts';

/**
 * Settles on an address that the workers can share. Workers that each asked for port 0 would lose the port together
 * with the last of them, so port 0 is turned into a number once. Nothing is accepted here.
 *
 * @throws ProxyError ERR_PROXY_LISTEN when the address cannot be used
 */
export async function reservePort({ host, port }: HostPort): Promise<HostPort> {
  const server = createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
    const address = server.address() as AddressInfo; // a server that listens on TCP has this kind
    return { host, port: address.port };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProxyError('ERR_PROXY_LISTEN', `cannot listen on ${host}:${port}: ${reason}`, {
      hint: 'another program may use the port; below 1024 the process needs CAP_NET_BIND_SERVICE',
      cause,
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
