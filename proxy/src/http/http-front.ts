// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ProxyError } from '../errors.ts';
import { routeForConnection, type ConnectionRoute } from '../worker/connection-route.ts';
import type { ClientConnection, HostLookup } from './client-connection.ts';
import { throughConfigureGate } from './configure-rule.ts';
import { parserFailure } from './parser-failure.ts';
import { writeError } from './error-response.ts';
import { answerEvidence, isEvidenceTarget } from './evidence-endpoint.ts';
import { Exchange, type ExchangeContext } from './exchange.ts';
import { hasContent, planRequest, type RequestHead, type RequestPlan } from './request-rules.ts';
import { forwardUpgrade } from './upgrade.ts';

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
  readonly hosts: HostLookup;
  readonly context: ExchangeContext;
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
  const { limits, context } = options;
  const connections = new WeakMap<Duplex, ClientConnection>();
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
    const exchange = new Exchange(context, connection, request, response);
    let content = true;
    try {
      checkPipeline(connection);
      const { plan, route, head, leaving } = planFor(request, connection, options, false);
      if (leaving) exchange.endConnection();
      content = hasContent(plan.body);
      // Before the gate: whoever configures a workload wants to see its evidence first.
      if (isEvidenceTarget(head.target)) {
        const document = connection.identity.document;
        const { headers, body } = answerEvidence(request.method ?? '', document);
        exchange.answer(headers, body, content);
      } else {
        exchange.forward(plan, throughConfigureGate(route, head));
      }
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      // Unread content, or a head whose meaning is in doubt, ends the connection.
      exchange.fail(error, content);
    }
  };
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const connection = connections.get(socket);
    // The answers before this one would have to go out first, and nothing orders them any more.
    if (connection === undefined || connection.refused || connection.exchanges.size > 0) {
      socket.destroy();
      return;
    }
    forwardUpgrade({
      context,
      connection,
      request,
      socket,
      head,
      plan: () => {
        const found = planFor(request, connection, options, true);
        return { ...found, route: throughConfigureGate(found.route, found.head) };
      },
    });
  };
  server.on('request', dispatch);
  server.on('checkContinue', dispatch);
  server.on('checkExpectation', dispatch);
  server.on('upgrade', onUpgrade);
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    if (connections.get(socket)?.exchanges.size !== 0) {
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

  const open = new Map<TLSSocket, ClientConnection>();
  return {
    accept(socket, connection) {
      connections.set(socket, connection);
      open.set(socket, connection);
      socket.once('close', () => open.delete(socket));
      server.emit('connection', socket);
    },
    closeIdle: () => server.closeIdleConnections(),
    closeIdleOf(hostname, workload) {
      for (const [socket, { exchanges, ...connection }] of open) {
        const proved = connection.identity.workload;
        const meant = connection.hostname === hostname && proved === workload;
        if (meant && exchanges.size === 0) socket.end();
      }
    },
    close: () => stopChecking(server),
  };
}

function checkPipeline({ exchanges }: ClientConnection): void {
  if (exchanges.size <= MAX_PIPELINED_REQUESTS) return;
  throw new ProxyError('ERR_PROXY_REQUEST_PIPELINE', 'too many requests are under way', {
    expected: `at most ${MAX_PIPELINED_REQUESTS}`,
  });
}

/** @throws ProxyError ERR_PROXY_REQUEST_… */
function planFor(
  request: IncomingMessage,
  connection: ClientConnection,
  options: HttpFrontOptions,
  upgrade: boolean,
): ConnectionRoute & { plan: RequestPlan; head: RequestHead } {
  const host = options.hosts(connection.hostname);
  // The client has checked what this connection was proved with; another workload needs another proof.
  const found = routeForConnection(host?.route, connection.identity);
  if (found?.route.mode !== 'http') {
    throw new ProxyError('ERR_PROXY_REQUEST_MISDIRECTED', 'host is served by something else now', {
      hint: 'open a new connection',
    });
  }
  const head = {
    method: request.method ?? '',
    target: request.url ?? '',
    httpVersion: request.httpVersion,
    rawHeaders: request.rawHeaders,
    upgrade,
  };
  const plan = planRequest(head, {
    hostname: connection.hostname,
    maxHeaderCount: options.limits.headerCount,
    maxBodyBytes: found.route.limits.bodyBytes,
  });
  return { ...found, plan, head };
}

/** What the parser could not read. An answer is written only where it cannot be taken for the answer to something else. */
function onClientError(
  error: Error,
  socket: Duplex,
  connection: ClientConnection | undefined,
  context: ExchangeContext,
): void {
  if (connection?.refused === true) return;
  if (connection === undefined || !socket.writable) {
    socket.destroy();
    return;
  }
  connection.refused = true;
  const open = [...connection.exchanges];
  const [first] = open;
  if (open.length > 1 || (first !== undefined && !first.answerable)) {
    socket.destroy();
    return;
  }
  const failure = parserFailure(error);
  if (failure === undefined) socket.destroy();
  else if (first instanceof Exchange) first.fail(failure, true);
  else writeError(socket, failure, context.nextRequestId());
}

function stopChecking(server: Server): void {
  // Never listening, so the callback only reports that; `close` stops the timer all the same.
  server.close(() => undefined);
}
