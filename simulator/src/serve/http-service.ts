// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { SimulatorError, type SimulatorErrorCode } from '../errors.ts';

/** Where a service reports what it cannot tell its client. Pino loggers fit. */
export interface ServiceLogger {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** A service that listens. */
export interface RunningService {
  /** Stops listening, cuts open connections and removes what was created. */
  close(): Promise<void>;
}

/** A request, read completely. */
export interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
}

/** An answer. */
export interface ServiceAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Answers requests; what it throws becomes the answer of an error. */
export type ServiceHandler = (request: ServiceRequest) => Promise<ServiceAnswer> | ServiceAnswer;

/** The largest legal body is 160 bytes of JSON; 4 KiB forgives white space. */
const MAX_BODY_BYTES = 4096;
/** A local client sends its request at once. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Far more than one VM's processes open; keeps a runaway client from exhausting descriptors. */
const MAX_CONNECTIONS = 256;

const STATUS_OF: Readonly<Partial<Record<SimulatorErrorCode, number>>> = {
  ERR_SIMULATOR_NOT_FOUND: 404,
  ERR_SIMULATOR_METHOD: 405,
  ERR_SIMULATOR_TOO_LARGE: 413,
  ERR_SIMULATOR_INTERNAL: 500,
};

/**
 * Makes an HTTP server around a handler: bounded bodies, times and connections, errors as
 * `{"error": text, "code": CODE}`.
 *
 * @param handler - answers requests
 * @param logger - gets unexpected failures
 * @returns the server, not yet listening
 */
export function createService(handler: ServiceHandler, logger: ServiceLogger | undefined): Server {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (incoming, outgoing) => {
      void answer(handler, incoming, logger).then((reply) => {
        send(outgoing, incoming, reply);
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  // Until it listens, whoever started it hears of errors.
  server.on('error', (error) => {
    if (server.listening) logger?.error({ err: error }, 'simulated platform cannot accept');
  });
  return server;
}

/**
 * An answer with a JSON body.
 *
 * @param value - what to write
 * @param headers - further headers
 * @returns the answer, status 200
 */
export function jsonAnswer(
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): ServiceAnswer {
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(value),
  };
}

/**
 * Stops a server: no new connection, open ones cut.
 *
 * @param server - the server
 */
export async function closeService(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.close((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
    server.closeAllConnections();
  });
}

async function answer(
  handler: ServiceHandler,
  incoming: IncomingMessage,
  logger: ServiceLogger | undefined,
): Promise<ServiceAnswer> {
  try {
    return await handler(await readRequest(incoming));
  } catch (error) {
    if (error instanceof SimulatorError) return refusal(error);
    // A client that left in the middle of its request is no failure of ours.
    if (incoming.errored === null) {
      logger?.error({ err: error, url: incoming.url }, 'simulated platform failed');
    }
    return refusal(new SimulatorError('ERR_SIMULATOR_INTERNAL', 'the simulated platform failed'));
  }
}

function refusal(error: SimulatorError): ServiceAnswer {
  const { message, code } = error;
  return { ...jsonAnswer({ error: message, code }), status: STATUS_OF[code] ?? 400 };
}

async function readRequest(incoming: IncomingMessage): Promise<ServiceRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Sound: an IncomingMessage without an encoding yields Buffers.
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      throw new SimulatorError(
        'ERR_SIMULATOR_TOO_LARGE',
        `request body exceeds ${MAX_BODY_BYTES} bytes`,
      );
    }
    chunks.push(chunk);
  }
  const { pathname, searchParams } = targetOf(incoming.url ?? '');
  return {
    method: incoming.method ?? '',
    path: pathname,
    query: searchParams,
    body: new Uint8Array(Buffer.concat(chunks)),
  };
}

function targetOf(target: string): URL {
  // Origin form only (RFC 9112, section 3.2.1); the authority merely makes it a URL.
  const url = `http://simulator${target}`;
  if (target.startsWith('/') && URL.canParse(url)) return new URL(url);
  throw new SimulatorError('ERR_SIMULATOR_REQUEST', 'request target is not an absolute path');
}

function send(outgoing: ServerResponse, incoming: IncomingMessage, reply: ServiceAnswer): void {
  // A body that was refused half-way is still being sent; the connection cannot be used again.
  const headers = incoming.complete ? reply.headers : { ...reply.headers, connection: 'close' };
  outgoing.writeHead(reply.status, headers);
  outgoing.end(reply.body);
}
