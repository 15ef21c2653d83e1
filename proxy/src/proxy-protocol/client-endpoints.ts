// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';
import { connectionKey } from '../tls/connection-key.ts';
import { plainAddress } from '../tls/plain-address.ts';
import type { Endpoints } from './header-format.ts';

/** Whose connections the open ones are: their own sockets know, unless somebody passes them on. */
export class ClientEndpoints {
  private readonly passedOn = new Map<string, Endpoints>();

  /** Notes what a header has said about an accepted connection. */
  note(socket: Socket, endpoints: Endpoints): void {
    const key = connectionKey(socket);
    this.passedOn.set(key, endpoints);
    socket.once('close', () => {
      if (this.passedOn.get(key) === endpoints) this.passedOn.delete(key);
    });
  }

  /**
   * @param socket an accepted one, or the TLS side of it
   * @returns `undefined` when it has been closed in the meantime
   */
  of(socket: Socket): Endpoints | undefined {
    const noted = this.passedOn.size === 0 ? undefined : this.passedOn.get(connectionKey(socket));
    return noted ?? ownEndpoints(socket);
  }
}

function ownEndpoints(socket: Socket): Endpoints | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  if (localAddress === undefined || localPort === undefined) return undefined;
  return {
    source: { host: plainAddress(remoteAddress), port: remotePort },
    destination: { host: plainAddress(localAddress), port: localPort },
  };
}
