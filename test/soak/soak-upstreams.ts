// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { WebSocketServer } from 'ws';

/** Servers behind the proxy: both send back what they get, `/events` sends events. */
export interface SoakUpstreams {
  readonly http: number;
  readonly tcp: number;
  close(): Promise<void>;
}

/** Events of one stream. */
export const EVENTS = 5;
const EVENT_MS = 20;

/** Starts them on loopback. */
export async function startUpstreams(): Promise<SoakUpstreams> {
  const open = new Set<Socket>();
  const http = createServer((request, response) => {
    if (request.url === '/events') sendEvents(response);
    else sendBack(request, response);
  });
  const webSockets = new WebSocketServer({ server: http });
  webSockets.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const tcp = createTcpServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  const ports: number[] = [];
  for (const server of [http, tcp] as const) ports.push(await listen(server, open));
  const [httpPort = 0, tcpPort = 0] = ports;
  return {
    http: httpPort,
    tcp: tcpPort,
    async close() {
      for (const socket of open) socket.destroy();
      for (const server of [http, tcp]) {
        server.close();
        await once(server, 'close');
      }
    },
  };
}

function sendBack(request: IncomingMessage, response: ServerResponse): void {
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  request.pipe(response);
}

function sendEvents(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    response.write(`data: ${String(sent)}\n\n`);
    if (sent < EVENTS) return;
    clearInterval(timer);
    response.end();
  }, EVENT_MS);
  response.on('close', () => {
    clearInterval(timer);
  });
}

async function listen(server: Server, open: Set<Socket>): Promise<number> {
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // It listens on TCP.
  return (server.address() as AddressInfo).port;
}
