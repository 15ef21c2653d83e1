// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';

/** A server behind the proxy. */
export interface Upstream {
  /** As the config file names it. */
  readonly upstream: string;
  close(): Promise<void>;
}

/** A server behind the proxy that answers when a test says so. */
export interface HeldUpstream extends Upstream {
  /** Requests that have arrived and wait. */
  waiting(): number;
  /** Answers all that wait with the text. */
  release(text: string): void;
}

/** Starts one on loopback. */
export async function startHeldUpstream(): Promise<HeldUpstream> {
  const held: ServerResponse[] = [];
  const server = await listen(
    createServer((_, response) => {
      held.push(response);
    }),
  );
  return {
    ...server,
    waiting: () => held.length,
    release(text) {
      for (const response of held.splice(0)) response.end(text);
    },
  };
}

/** Starts a server that does with a connection what no HTTP server does, as soon as a request arrives on it. */
export function startRawUpstream(onRequest: (socket: Socket) => void): Promise<Upstream> {
  return listen(
    createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => onRequest(socket));
    }),
  );
}

async function listen(server: Server): Promise<Upstream> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    upstream: `http://127.0.0.1:${String(port)}`,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
