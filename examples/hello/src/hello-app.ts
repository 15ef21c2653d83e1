// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { acceptWebSocketEcho, type WebSocketEcho } from './web-socket-echo.ts';
import { createTimeStream, type TimeStream } from './time-stream.ts';

/** How long requests in flight may still take after `close`; then their connections are cut. */
const DRAIN_MS = 5_000;

/** What the app says about itself and where it takes the time from. */
export interface HelloOptions {
  readonly name: string;
  readonly version: string;
  /** Source of the time on `/time`; the system clock if absent. */
  readonly clock?: () => Date;
  /** Milliseconds between two events on `/time`; 1000 if absent. */
  readonly timeIntervalMs?: number;
  /** Milliseconds that requests in flight may take after `close`; 5000 if absent. */
  readonly drainMs?: number;
}

/** A running or startable instance of the example workload. */
export interface HelloApp {
  /**
   * Starts to listen.
   *
   * @param port TCP port, 0 for any free one.
   * @param host Address to bind.
   * @returns The port that is bound.
   */
  listen(port: number, host: string): Promise<number>;
  /** Refuses new connections, ends streams and WebSockets, and waits for requests in flight. */
  close(): Promise<void>;
}

interface Route {
  readonly methods: readonly string[];
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

/**
 * Creates the example workload: plain HTTP and WebSocket, nothing about TLS or attestation.
 *
 * `/` says hello, `/healthz` answers 200 while the app is up, `/echo` streams the request body back, `/time` is a
 * server-sent event stream, `/headers` shows what arrived (so that one sees what a proxy adds and removes), and `/ws`
 * echoes WebSocket messages.
 *
 * @example
 * ```ts
 * const app = createHelloApp({ name: 'hello', version: '1.0.0' });
 * const port = await app.listen(0, '127.0.0.1');
 * console.log(await (await fetch(`http://127.0.0.1:${port}/`)).text());
 * await app.close();
 * ```
 */
export function createHelloApp(options: HelloOptions): HelloApp {
  const time = createTimeStream({
    clock: options.clock ?? ((): Date => new Date()),
    intervalMs: options.timeIntervalMs ?? 1_000,
  });
  const routes = createRoutes(options, time);
  const server = createServer((request, response) => {
    answer(routes, request, response);
  });
  const echo = acceptWebSocketEcho(server, '/ws');
  return {
    listen: (port, host) => listen(server, port, host),
    close: () => close(server, time, echo, options.drainMs ?? DRAIN_MS),
  };
}

function createRoutes(options: HelloOptions, time: TimeStream): ReadonlyMap<string, Route> {
  const get = (handle: Route['handle']): Route => ({ methods: ['GET', 'HEAD'], handle });
  const hello = `Hello from ${options.name} ${options.version}\n`;
  return new Map<string, Route>([
    ['/', get((_, response) => sendText(response, hello))],
    ['/healthz', get((_, response) => sendText(response, 'ok\n'))],
    ['/headers', get((request, response) => sendJson(response, 200, describeRequest(request)))],
    ['/time', { methods: ['GET'], handle: (_, response) => time.attach(response) }],
    ['/echo', { methods: ['POST', 'PUT'], handle: echoBody }],
  ]);
}

function describeRequest(request: IncomingMessage): unknown {
  return { method: request.method, httpVersion: request.httpVersion, headers: request.headers };
}

function answer(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const route = routes.get(path);
  if (route === undefined) {
    sendJson(response, 404, { error: 'not found', path });
  } else if (!route.methods.includes(request.method ?? '')) {
    response.setHeader('allow', route.methods.join(', '));
    sendJson(response, 405, { error: 'method not allowed', allowed: route.methods });
  } else {
    route.handle(request, response);
  }
}

function echoBody(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('content-type', request.headers['content-type'] ?? 'application/octet-stream');
  const length = request.headers['content-length'];
  if (length !== undefined) response.setHeader('content-length', length);
  // Headers go out before the body has arrived, so that a client can stream both ways at once.
  response.flushHeaders();
  // A client that goes away mid-body must not leave a half-open answer behind.
  request.once('error', () => response.destroy());
  request.pipe(response);
}

function sendText(response: ServerResponse, text: string): void {
  response.writeHead(200, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      // `address()` is an AddressInfo whenever a server listens on a port rather than on a pipe.
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function close(
  server: Server,
  time: TimeStream,
  echo: WebSocketEcho,
  drainMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  time.close();
  echo.close();
  server.closeIdleConnections();
  const cut = setTimeout(() => {
    echo.terminate();
    server.closeAllConnections();
  }, drainMs);
  await closed;
  clearTimeout(cut);
}
