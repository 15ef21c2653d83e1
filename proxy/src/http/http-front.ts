// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import { Http1Connection, type Http1Limits } from '../http1/http1-connection.ts';
import type { ClientConnection } from './client-connection.ts';
import type { RequestService } from './serve-request.ts';

/** What bounds the HTTP connections of a worker, in bytes and milliseconds. */
export type HttpFrontLimits = Http1Limits;

/** What the HTTP front needs. */
export interface HttpFrontOptions {
  readonly limits: HttpFrontLimits;
  readonly service: RequestService;
}

/** The HTTP side of a worker. */
export interface HttpFront {
  /** Takes a connection whose handshake is complete. */
  accept(socket: TLSSocket, connection: ClientConnection): void;
  /** Closes connections between two requests. */
  closeIdle(): void;
  /** Closes those of them that were proved with a workload of a host: another one has taken over its name. */
  closeIdleOf(hostname: string, workload: string): void;
}

/** Has requests read from TLS connections, checked, and answered or forwarded. */
export function createHttpFront({ limits, service }: HttpFrontOptions): HttpFront {
  const open = new Set<Http1Connection>();
  return {
    accept(socket, client) {
      const connection = new Http1Connection(socket, client, service, limits);
      open.add(connection);
      socket.once('close', () => open.delete(connection));
    },
    closeIdle() {
      for (const connection of open) connection.endIdle();
    },
    closeIdleOf(hostname, workload) {
      for (const connection of open) {
        const { client } = connection;
        if (client.hostname === hostname && client.identity.workload === workload) {
          connection.endIdle();
        }
      }
    },
  };
}
