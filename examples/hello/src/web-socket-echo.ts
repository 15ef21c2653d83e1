// SPDX-License-Identifier: Apache-2.0
import type { Server } from 'node:http';
import { WebSocketServer } from 'ws';

/** Largest message that is echoed; `ws` closes the connection with 1009 above it. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** RFC 6455 section 7.4.1: the endpoint is going away. */
const GOING_AWAY = 1001;

/** The WebSocket side of the app. */
export interface WebSocketEcho {
  /** Says goodbye to every client. */
  close(): void;
  /** Cuts clients that did not answer the goodbye. */
  terminate(): void;
}

/** Answers upgrades on `path` and sends every message back as it came; other upgrades get 400. */
export function acceptWebSocketEcho(server: Server, path: string): WebSocketEcho {
  const sockets = new WebSocketServer({ server, path, maxPayload: MAX_MESSAGE_BYTES });
  // `ws` repeats the HTTP server's errors here; whoever listens on that server handles them.
  sockets.on('error', () => undefined);
  sockets.on('connection', (socket) => {
    // `ws` closes the connection itself after a protocol error; unhandled, the event would end the process.
    socket.on('error', () => undefined);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return {
    close() {
      for (const socket of sockets.clients) socket.close(GOING_AWAY, 'server shuts down');
      sockets.close();
    },
    terminate() {
      for (const socket of sockets.clients) socket.terminate();
    },
  };
}
