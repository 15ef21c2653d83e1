// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';

/** What an accepted socket has in common with the TLS socket that is made of it, and with no other open connection. */
export function connectionKey({ localAddress, remoteAddress, remotePort }: Socket): string {
  return [localAddress, remoteAddress, remotePort].join(' ');
}
