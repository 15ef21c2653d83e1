// SPDX-License-Identifier: Apache-2.0
import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ErrorFamily } from '@proofgate/evidence';
import { asCodedError } from './as-coded-error.ts';
import { DaemonError } from './errors.ts';
import { parseJson } from './json-file.ts';
import type { Logger } from './logger.ts';
import { problemResponse } from './problem-response.ts';
import { claimSocketPath } from './socket-path.ts';

/** A request whose body has been read. */
export interface UnixRequest {
  readonly method: string;
  /** Path without the query, starting with `/`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Uint8Array;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** @throws DaemonError `ERR_DAEMON_JSON_INVALID` */
  json(): unknown;
}

/** What a handler answers: nothing, a JSON value, or a stream. */
export interface UnixResponse {
  readonly status: number;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it comes; its content type is in `headers`. */
  readonly stream?: Readable;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Answers a request. A coded error that it throws becomes a problem (RFC 9457) with the status of its family; any other
 * error is logged and becomes a 500 that says nothing about it.
 */
export type UnixHandler = (request: UnixRequest) => UnixResponse | Promise<UnixResponse>;

/** What a server on a unix socket needs. */
export interface UnixHttpOptions {
  readonly path: string;
  readonly handler: UnixHandler;
  readonly logger: Logger;
  /** Permissions of the socket, exact whatever the umask; 0600 unless told. */
  readonly mode?: number;
  /** Largest body in bytes; {@link DEFAULT_MAX_BODY_BYTES} unless told. */
  readonly maxBody?: number;
  /** Connections at a time; those beyond are told so and closed. {@link MAX_UNIX_CONNECTIONS} unless told. */
  readonly maxConnections?: number;
}

/** A running server. */
export interface UnixHttpServer {
  readonly path: string;
  /** Stops accepting, lets answers under way finish for {@link UNIX_CLOSE_GRACE_MS}, frees the name. */
  close(): Promise<void>;
}

/** Messages between our processes are states and small commands; the largest, a gateway state, says so itself. */
export const DEFAULT_MAX_BODY_BYTES = 1_048_576;
/** Local clients are our own processes: a few dozen at most. */
export const MAX_UNIX_CONNECTIONS = 256;
/** Connections that are told that there are too many; further ones are closed without a word. */
const REFUSED_CONNECTIONS = 16;
/** Somebody else may be done by then. */
const RETRY_AFTER_S = '1';
/** A header crosses a unix socket in one write. */
export const UNIX_HEADERS_TIMEOUT_MS = 5_000;
/** From the first byte of a request to the last: a body is at most megabytes, and local. */
export const UNIX_REQUEST_TIMEOUT_MS = 30_000;
/** What answers under way get at the end; one that streams for ever is cut. */
export const UNIX_CLOSE_GRACE_MS = 3_000;
/** How often Node looks for connections past the two limits above. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000;
/** What Node's parser accepts by default; no message of ours needs more. */
const MAX_HEADER_BYTES = 16_384;

const STATUS_OF_FAMILY: Readonly<Record<ErrorFamily, number>> = {
  misuse: 400,
  rejected: 422,
  unavailable: 503,
};

/**
 * Serves HTTP on a unix socket. A socket that a dead process left behind is replaced.
 *
 * @throws DaemonError `ERR_DAEMON_SOCKET_IN_USE` or `ERR_DAEMON_SOCKET_PATH`
 */
export async function serveUnixHttp(options: UnixHttpOptions): Promise<UnixHttpServer> {
  const { path, mode = 0o600, maxConnections = MAX_UNIX_CONNECTIONS } = options;
  const open = new Set<Socket>();
  const refused = new WeakSet<Socket>();
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: UNIX_HEADERS_TIMEOUT_MS,
      requestTimeout: UNIX_REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    },
    (request, response) => {
      if (refused.has(request.socket)) void refuseCrowd(response, maxConnections);
      else void respond(request, response, options);
    },
  );
  server.on('connection', (socket) => {
    if (open.size >= maxConnections) {
      refused.add(socket);
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.maxConnections = maxConnections + REFUSED_CONNECTIONS;
  try {
    const claim = await claimSocketPath(path, async (temporary) => {
      await listen(server, temporary);
      await chmod(temporary, mode);
    });
    return {
      path,
      close: async () => {
        await closeServer(server);
        await claim.release();
      },
    };
  } catch (error) {
    await closeServer(server);
    throw error;
  }
}

async function refuseCrowd(outgoing: ServerResponse, most: number): Promise<void> {
  const code = 'ERR_DAEMON_SOCKET_CROWDED';
  const detail = `there are too many connections to this socket: at most ${String(most)} at a time`;
  // What is left of a body that was not read would be taken for the next request.
  const headers = { connection: 'close', 'retry-after': RETRY_AFTER_S };
  await send(outgoing, problemResponse({ status: 503, code, detail }, headers)).catch(() =>
    outgoing.destroy(),
  );
}

async function respond(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: UnixHttpOptions,
): Promise<void> {
  const { logger, handler, maxBody = DEFAULT_MAX_BODY_BYTES } = options;
  try {
    const body = await readBody(incoming, maxBody);
    await send(outgoing, await handler(unixRequest(incoming, outgoing, body)));
  } catch (error) {
    if (asCodedError(error) === undefined) {
      logger.error({ err: error, method: incoming.method, path: incoming.url }, 'request failed');
    }
    if (outgoing.headersSent) outgoing.destroy();
    else await send(outgoing, errorResponse(error)).catch(() => outgoing.destroy());
  }
}

function errorResponse(error: unknown): UnixResponse {
  const coded = asCodedError(error);
  if (coded === undefined) {
    return problemResponse({ status: 500, code: 'ERR_INTERNAL', detail: 'internal error' });
  }
  const { code, message, family } = coded;
  const status = code === 'ERR_DAEMON_BODY_TOO_LARGE' ? 413 : STATUS_OF_FAMILY[family];
  // What is left of a body that was not read would be taken for the next request.
  const headers: Record<string, string> = status === 413 ? { connection: 'close' } : {};
  return problemResponse({ status, code, detail: message }, headers);
}

function readBody(incoming: IncomingMessage, maxBody: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let total = 0;
    // Listeners and not iteration: leaving a loop would destroy the connection before the refusal is sent.
    const take = (chunk: Uint8Array): void => {
      total += chunk.length;
      chunks.push(chunk);
      if (total <= maxBody) return;
      incoming.off('data', take).pause();
      const expected = `at most ${String(maxBody)} bytes`;
      reject(
        new DaemonError('ERR_DAEMON_BODY_TOO_LARGE', 'request body is too large', { expected }),
      );
    };
    incoming.on('data', take);
    incoming.once('end', () => {
      resolve(Buffer.concat(chunks, total));
    });
    incoming.once('error', reject);
  });
}

function unixRequest(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: Uint8Array,
): UnixRequest {
  const [path = '', query = ''] = (incoming.url ?? '/').split('?', 2);
  const gone = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort(new Error('the client went away'));
  });
  return {
    method: incoming.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
    headers: incoming.headers,
    body,
    signal: gone.signal,
    json: () => parseJson(body, 'request body'),
  };
}

async function send(outgoing: ServerResponse, response: UnixResponse): Promise<void> {
  outgoing.writeHead(response.status, {
    ...(response.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...response.headers,
  });
  if (response.stream !== undefined) {
    await pipeline(response.stream, outgoing);
    return;
  }
  outgoing.end(response.body === undefined ? undefined : JSON.stringify(response.body));
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      server.closeAllConnections();
    }, UNIX_CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
