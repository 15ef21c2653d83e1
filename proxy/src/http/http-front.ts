// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ProxyError } from '../errors.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ClientStream, RequestHead } from './client-stream.ts';
import { writeError } from './error-response.ts';
import { Exchange, type ExchangeContext } from './exchange.ts';
import { NodeHttpStream, NodeUpgradeStream, type NodeHttpConnection } from './node-http-stream.ts';
import { parserFailure } from './parser-failure.ts';
import { requestFraming } from './request-framing.ts';
import { serveRequest, type RequestService } from './serve-request.ts';

/** How often the HTTP server looks for requests that are too slow; a deadline is late by at most this. */
const DEADLINE_CHECK_MS = 1_000;

/**
 * Requests of one connection that may be under way. Clients that send ahead send a few; without a bound a single packet
 * could hold more than a thousand, all for the upstream at once.
 */
export const MAX_PIPELINED_REQUESTS = 64;

/** What bounds the HTTP server as a whole, in bytes and milliseconds. */
export interface HttpFrontLimits {
  readonly headerBytes: number;
  readonly headerCount: number;
  readonly headersTimeoutMs: number;
  /** Between two requests. */
  readonly keepAliveTimeoutMs: number;
}

/** What the HTTP front needs. */
export interface HttpFrontOptions {
  readonly limits: HttpFrontLimits;
  readonly service: RequestService;
}

/** The HTTP/1.1 side of a worker. */
export interface HttpFront {
  /** Takes a connection whose handshake is complete. */
  accept(socket: TLSSocket, connection: ClientConnection): void;
  /** Closes connections between two requests. */
  closeIdle(): void;
  /** Closes those of them that were proved with a workload of a host: another one has taken over its name. */
  closeIdleOf(hostname: string, workload: string): void;
  /** Stops the deadline checks. */
  close(): void;
}

/** Reads requests from TLS connections, checks them, and answers or forwards them. */
export function createHttpFront(options: HttpFrontOptions): HttpFront {
  const { limits, service } = options;
  const { context } = service;
  const connections = new WeakMap<Duplex, NodeHttpConnection>();
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    // Content has a deadline of its own for each host, in the exchange.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(DEADLINE_CHECK_MS, limits.headersTimeoutMs),
    insecureHTTPParser: false,
    // Checked with the other rules, so that the answer is like the others.
    requireHostHeader: false,
    noDelay: true,
  });
  // 0 is "all of them". With a limit Node drops the fields beyond it without a word; ours refuses the request.
  server.maxHeadersCount = 0;
  server.timeout = 0;

  const dispatch = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = connections.get(request.socket);
    if (connection === undefined || connection.refused) {
      // The connection is being closed; what still arrives on it is read and dropped.
      request.resume();
      return;
    }
    const stream = new NodeHttpStream(connection, request, response);
    serve(connection, request, stream, false);
  };
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const connection = connections.get(socket);
    // The answers before this one would have to go out first, and nothing orders them any more.
    if (connection === undefined || connection.refused || connection.streams.size > 0) {
      socket.destroy();
      return;
    }
    const stream = new NodeUpgradeStream(socket, head, connection.client.idleTimeoutMs);
    serve(connection, request, stream, true);
  };
  const serve = (
    connection: NodeHttpConnection,
    request: IncomingMessage,
    stream: ClientStream,
    upgrade: boolean,
  ): void => {
    try {
      checkPipeline(connection);
      serveRequest(service, connection.client, headOf(request, upgrade), stream);
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      const head = { ...UNREADABLE, method: request.method ?? '', target: request.url ?? '' };
      new Exchange(context, connection.client, head, stream).fail(error, true);
    }
  };
  server.on('request', dispatch);
  server.on('checkContinue', dispatch);
  server.on('checkExpectation', dispatch);
  server.on('upgrade', onUpgrade);
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    if (connections.get(socket)?.streams.size !== 0) {
      socket.destroy();
      return;
    }
    const refusal = new ProxyError('ERR_PROXY_REQUEST_TARGET', 'CONNECT is for forward proxies');
    writeError(socket, refusal, context.nextRequestId());
  });
  server.on('clientError', (error: Error, socket: Duplex) => {
    onClientError(error, socket, connections.get(socket), context);
  });
  // A server that never listens checks no deadlines until it is told that it does.
  server.emit('listening');

  const open = new Map<TLSSocket, NodeHttpConnection>();
  return {
    accept(socket, client) {
      const connection: NodeHttpConnection = { client, streams: new Set(), refused: false };
      connections.set(socket, connection);
      open.set(socket, connection);
      socket.once('close', () => open.delete(socket));
      server.emit('connection', socket);
    },
    closeIdle: () => server.closeIdleConnections(),
    closeIdleOf(hostname, workload) {
      for (const [socket, { streams, client }] of open) {
        const proved = client.identity.workload;
        const meant = client.hostname === hostname && proved === workload;
        if (meant && streams.size === 0) socket.end();
      }
    },
    close: () => stopChecking(server),
  };
}

function checkPipeline({ streams }: NodeHttpConnection): void {
  if (streams.size <= MAX_PIPELINED_REQUESTS) return;
  throw new ProxyError('ERR_PROXY_REQUEST_PIPELINE', 'too many requests are under way', {
    expected: `at most ${MAX_PIPELINED_REQUESTS}`,
  });
}

/** @throws ProxyError ERR_PROXY_REQUEST_VERSION, ERR_PROXY_REQUEST_FRAMING */
function headOf(request: IncomingMessage, upgrade: boolean): RequestHead {
  const { method = '', url: target = '', httpVersion, rawHeaders } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    throw new ProxyError('ERR_PROXY_REQUEST_VERSION', `HTTP version ${httpVersion}`);
  }
  const body = requestFraming(httpVersion, rawHeaders);
  return { method, target, httpVersion, rawHeaders, body, upgrade };
}

const UNREADABLE = {
  httpVersion: '1.1',
  rawHeaders: [],
  body: { kind: 'chunked' },
  upgrade: false,
} as const;

/** What the parser could not read. An answer is written only where it cannot be taken for the answer to something else. */
function onClientError(
  error: Error,
  socket: Duplex,
  connection: NodeHttpConnection | undefined,
  context: ExchangeContext,
): void {
  if (connection?.refused === true) return;
  if (connection === undefined || !socket.writable) {
    socket.destroy();
    return;
  }
  connection.refused = true;
  const open = [...connection.streams];
  const [first] = open;
  if (open.length > 1 || (first !== undefined && !first.answerable)) {
    socket.destroy();
    return;
  }
  const failure = parserFailure(error);
  if (failure === undefined) socket.destroy();
  else if (first !== undefined) first.invalid(failure);
  else writeError(socket, failure, context.nextRequestId());
}

function stopChecking(server: Server): void {
  // Never listening, so the callback only reports that; `close` stops the timer all the same.
  server.close(() => undefined);
}
