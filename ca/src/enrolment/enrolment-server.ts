// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CA_PATHS, enrolmentRequestSchema, type HostPort } from '@proofgate/api';
import type { Logger } from '@proofgate/daemon';
import { encodePem } from '@proofgate/evidence';
import { CaError } from '../errors.ts';
import { CA_FILES } from '../operator/ca-files.ts';
import type { EnrolmentAuthority } from './enrolment-authority.ts';
import { enrolmentOpenApi } from './openapi.ts';
import { problem, problemOf } from './problem.ts';
import { readBody } from './read-body.ts';
import { RequestRate } from './request-rate.ts';
import type { ServerIdentity } from './server-identity.ts';

/** What the service needs. */
export interface EnrolmentServerOptions {
  readonly authority: EnrolmentAuthority;
  readonly listen: HostPort;
  /** Makes the server's certificate; asked at the start, and when half a day has passed since. */
  readonly identity: () => Promise<ServerIdentity>;
  /** DER. */
  readonly root: Uint8Array;
  /** Of the CA: its revocation list is served from here. */
  readonly directory: string;
  /** Requests of one address. */
  readonly rate: { readonly burst: number; readonly perMinute: number };
  readonly clock: () => Date;
  readonly logger: Logger;
}

/** A running service. */
export interface EnrolmentServer {
  readonly port: number;
  close(): Promise<void>;
}

/** A request of a few kilobytes over a slow line. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** A fleet that starts at once. */
const MAX_CONNECTIONS = 1_024;
/** Half the life of a leaf. */
const IDENTITY_AGE_MS = 12 * 3_600_000;
/** Timers stand still while a machine sleeps, and clocks are set: how often the age is looked at. */
export const IDENTITY_CHECK_MS = 3_600_000;
/** A quote, a request and a bundle of collateral in base64 and JSON. */
const MAX_BODY_BYTES = 524_288;
/** Characters of a malformed request that its sender sees again: enough to find the place. */
const MAX_SHOWN = 200;

/**
 * Serves enrolment over HTTPS: nonces, intermediaries, the root, the revocation list.
 *
 * @param options - authority, address, certificate
 * @throws Error of the system when the address cannot be had
 */
export async function serveEnrolment(options: EnrolmentServerOptions): Promise<EnrolmentServer> {
  const { listen, identity, logger, clock } = options;
  const rate = new RequestRate({ ...options.rate, clock: options.clock });
  const server = createServer(
    {
      ...(await identity()),
      minVersion: 'TLSv1.3',
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
    },
    (request, response) => {
      void respond(request, response, options, rate);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  let madeAt = clock().getTime();
  const renewal = setInterval(() => {
    const now = clock().getTime();
    if (now >= madeAt && now - madeAt < IDENTITY_AGE_MS) return;
    void renew(server, identity, logger).then((renewed) => {
      if (renewed) madeAt = now;
    });
  }, IDENTITY_CHECK_MS);
  renewal.unref();
  server.listen(listen.port, listen.host);
  await once(server, 'listening');
  return {
    // Sound: it listens on a TCP port.
    port: (server.address() as AddressInfo).port,
    close: async () => {
      clearInterval(renewal);
      server.close();
      server.closeIdleConnections();
      await once(server, 'close');
    },
  };
}

async function renew(
  server: Server,
  identity: () => Promise<ServerIdentity>,
  logger: Logger,
): Promise<boolean> {
  try {
    server.setSecureContext(await identity());
    return true;
  } catch (error) {
    logger.error({ err: error }, 'the certificate of the service cannot be renewed');
    return false;
  }
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  options: EnrolmentServerOptions,
  rate: RequestRate,
): Promise<void> {
  const address = request.socket.remoteAddress ?? '';
  const answer = await answerOf(request, options, rate.take(address)).catch((error: unknown) => {
    const refusal = problemOf(error);
    const { status, code, detail } = refusal;
    if (status === 500) options.logger.error({ err: error }, 'request failed');
    else options.logger.warn({ address, status, code, detail }, 'request refused');
    return problemAnswer(refusal);
  });
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-length': body.length,
    'cache-control': 'no-store',
    // What is left of a body that was not read would be taken for the next request.
    ...(request.complete ? {} : { connection: 'close' }),
    ...answer.headers,
  });
  response.end(body);
}

async function answerOf(
  request: IncomingMessage,
  options: EnrolmentServerOptions,
  allowed: boolean,
): Promise<Answer> {
  if (!allowed) {
    const refusal = problem(429, 'ERR_CA_BUSY', 'this address sends too many requests');
    return { ...problemAnswer(refusal), headers: { 'retry-after': '60' } };
  }
  const path = (request.url ?? '').split('?')[0] ?? '';
  const method = METHODS.get(path);
  if (method === undefined) {
    return problemAnswer(problem(404, 'ERR_NOT_FOUND', `there is no ${path.slice(0, 200)}`));
  }
  if (request.method !== method) {
    const refusal = problem(405, 'ERR_METHOD', `${path} takes ${method}`);
    return { ...problemAnswer(refusal), headers: { allow: method } };
  }
  return method === 'POST' ? change(path, request, options) : show(path, options);
}

const METHODS: ReadonlyMap<string, 'GET' | 'POST'> = new Map<string, 'GET' | 'POST'>([
  [CA_PATHS.health, 'GET'],
  [CA_PATHS.root, 'GET'],
  [CA_PATHS.crl, 'GET'],
  [CA_PATHS.openapi, 'GET'],
  [CA_PATHS.nonces, 'POST'],
  [CA_PATHS.intermediaries, 'POST'],
]);

async function change(
  path: string,
  request: IncomingMessage,
  { authority, logger }: EnrolmentServerOptions,
): Promise<Answer> {
  const body = await readBody(request, MAX_BODY_BYTES);
  if (path === CA_PATHS.nonces) return json(201, authority.nonce());
  const wanted = parseRequest(body);
  const answer = await authority.enrol(wanted);
  const { host, purpose } = wanted;
  logger.info({ host, purpose, serial: answer.serial }, 'machine enrolled');
  return json(201, answer);
}

function parseRequest(body: Uint8Array): ReturnType<typeof enrolmentRequestSchema.parse> {
  try {
    const parsed = enrolmentRequestSchema.safeParse(JSON.parse(Buffer.from(body).toString('utf8')));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw malformed(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, parsed.error);
  } catch (cause) {
    throw cause instanceof SyntaxError ? malformed(cause.message, cause) : cause;
  }
}

function malformed(seen: string, cause: Error): CaError {
  return new CaError('ERR_CA_ENROLMENT_INVALID', 'the enrolment request is malformed', {
    expected: `JSON as ${CA_PATHS.openapi} describes it`,
    seen: seen.slice(0, MAX_SHOWN),
    cause,
  });
}

async function show(path: string, { root, directory }: EnrolmentServerOptions): Promise<Answer> {
  switch (path) {
    case CA_PATHS.root: {
      const body = encodePem('CERTIFICATE', root);
      return { status: 200, type: 'application/x-pem-file', body };
    }
    case CA_PATHS.crl: {
      const list = await readFile(join(directory, CA_FILES.crlDer)).catch(() => undefined);
      return list === undefined
        ? problemAnswer(problem(404, 'ERR_NOT_FOUND', 'no revocation list has been signed yet'))
        : { status: 200, type: 'application/pkix-crl', body: list };
    }
    case CA_PATHS.openapi:
      return json(200, enrolmentOpenApi());
    default:
      return json(200, { status: 'ok' });
  }
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', body: JSON.stringify(value) };
}

function problemAnswer(refusal: ReturnType<typeof problem>): Answer {
  return {
    status: refusal.status,
    type: 'application/problem+json',
    body: JSON.stringify(refusal),
  };
}
