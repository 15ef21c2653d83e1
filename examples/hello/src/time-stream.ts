// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';

/** More clients than this on `/time` are told to come back: each holds a connection for as long as it likes. */
const MAX_CLIENTS = 100;

/** The server-sent event stream of `/time`: one timer for all clients. */
export interface TimeStream {
  /** Sends the time at once and then at every interval, until either side ends the stream. */
  attach(response: ServerResponse): void;
  /** Ends all streams. */
  close(): void;
}

/** Creates the stream; its timer runs only while someone listens. */
export function createTimeStream(options: {
  readonly clock: () => Date;
  readonly intervalMs: number;
}): TimeStream {
  const clients = new Set<ServerResponse>();
  let timer: NodeJS.Timeout | undefined;

  const send = (response: ServerResponse): void => {
    // A client that reads too slowly misses a tick; nothing queues up for it.
    if (response.writableNeedDrain) return;
    response.write(`event: time\ndata: ${options.clock().toISOString()}\n\n`);
  };
  const detach = (response: ServerResponse): void => {
    clients.delete(response);
    if (clients.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };

  return {
    attach(response) {
      if (clients.size >= MAX_CLIENTS) {
        response.writeHead(503, { 'retry-after': '10' }).end();
        return;
      }
      clients.add(response);
      response.once('close', () => detach(response));
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      send(response);
      timer ??= setInterval(() => clients.forEach(send), options.intervalMs);
    },
    close() {
      for (const response of clients) response.end();
    },
  };
}
