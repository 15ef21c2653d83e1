// SPDX-License-Identifier: Apache-2.0
import { chmod, chown, rename, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { ConfigApi, HostPort } from '@proofgate/api';
import { problemResponse, type Logger } from '@proofgate/daemon';
import { LauncherError, type LauncherErrorCode } from '../errors.ts';
import { demandConfigurer, type Caller, type CallerPolicy, type Configurers } from './caller.ts';
import { relayedFields, sendConfiguration } from './configure-request.ts';

/** A model or a key set may be large and the container slow to take it; one that takes longer is stuck. */
export const CONFIGURE_DEADLINE_MS = 300_000;
/** Owners are a few people; the proxy's workers keep some connections open beside that. */
const MAX_CONNECTIONS = 256;
/** The proxy sends a head in one write. */
const HEADERS_TIMEOUT_MS = 5_000;
/** How long a client waits before it asks again. */
const RETRY_AFTER_S = '5';

/** The instance of a container that can be configured now. */
export interface ConfigTarget {
  readonly address: HostPort;
  /** It has been configured. Returns when the proxy has been told; without effect when another instance runs by now. */
  complete(): Promise<void>;
}

/** What a gate needs. */
export interface ConfigGateOptions {
  /** Where it listens. Nobody else uses the name. */
  readonly socketPath: string;
  /** Group of the proxy's workers; `undefined` when they run as we do. */
  readonly workerGid: number | undefined;
  readonly workload: string;
  readonly configApi: ConfigApi;
  readonly configurers: Configurers;
  /** `undefined` when there is nobody to ask who a caller is: then nobody may configure. */
  readonly callers: CallerPolicy | undefined;
  /** The instance that runs now. */
  readonly target: () => ConfigTarget | undefined;
  readonly logger: Logger;
}

/** What becomes of one request. */
interface Outcome {
  readonly status: number;
  /** Whether the rest of the host is served because of it. */
  readonly opened: boolean;
}

/**
 * Stands before the one route by which a container is configured. Every request is authorised, also once the container
 * has been configured; one at a time reaches the container; the first that it answers with 2xx opens the rest.
 */
export class ConfigGate {
  readonly #options: ConfigGateOptions;
  readonly #server: Server;
  #busy = false;

  private constructor(options: ConfigGateOptions) {
    this.#options = options;
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#handle(request, response);
    };
    this.#server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0 });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('request', onRequest);
    // Asked before content is sent: whoever may not configure need not send it.
    this.#server.on('checkContinue', onRequest);
  }

  /**
   * Opens a gate.
   *
   * @param options - where, and who may pass
   * @returns the gate, listening
   */
  static async open(options: ConfigGateOptions): Promise<ConfigGate> {
    const { socketPath, workerGid } = options;
    const gate = new ConfigGate(options);
    // Bound under another name, so that whoever finds the socket finds it with its permissions.
    const temporary = `${socketPath}.new`;
    await rm(temporary, { force: true });
    try {
      await listen(gate.#server, temporary);
      await chmod(temporary, workerGid === undefined ? 0o600 : 0o660);
      if (workerGid !== undefined) await chown(temporary, 0, workerGid);
      await rename(temporary, socketPath);
      return gate;
    } catch (error) {
      await gate.close();
      throw error;
    }
  }

  /** Stops listening; requests under way are cut. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
    await rm(this.#options.socketPath, { force: true });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { workload, logger } = this.#options;
    const audit = { audit: 'configure', workload, peer: request.headers['x-forwarded-for'] };
    let caller: Caller | undefined;
    try {
      this.#demandRoute(request);
      caller = await this.#authorise(request);
      const outcome = await this.#configure(request, response);
      logger.info({ ...audit, subject: caller.subject, ...outcome }, 'configuration passed on');
    } catch (error) {
      const refusal = asRefusal(error);
      if (refusal === undefined) logger.error({ err: error, workload }, 'configuration failed');
      const status = refusal === undefined ? 500 : statusOf(refusal);
      logger.warn(
        { ...audit, subject: caller?.subject, status, code: refusal?.code },
        'configuration refused',
      );
      refuse(request, response, status, refusal);
    }
  }

  /** The proxy sends nothing else; if anybody did, it would not be what was authorised. */
  #demandRoute({ method, url }: IncomingMessage): void {
    const { configApi } = this.#options;
    if (method === configApi.method && url === configApi.path) return;
    throw new LauncherError(
      'ERR_LAUNCHER_WORKLOAD_REQUEST',
      'this is not the request that configures the container',
      { expected: `${configApi.method} ${configApi.path}` },
    );
  }

  async #authorise(request: IncomingMessage): Promise<Caller> {
    const { callers, configurers } = this.#options;
    if (callers === undefined) {
      throw new LauncherError(
        'ERR_LAUNCHER_CONFIGURE_REFUSED',
        'nobody can configure this container: there is no issuer of tokens to say who asks',
        { hint: 'set platform.management.oidc' },
      );
    }
    const caller = await callers.identify(request.headers);
    demandConfigurer(caller, configurers, callers.audience);
    return caller;
  }

  async #configure(request: IncomingMessage, response: ServerResponse): Promise<Outcome> {
    if (this.#busy) {
      throw new LauncherError(
        'ERR_LAUNCHER_CONFIGURE_BUSY',
        'the container is being configured already',
      );
    }
    const target = this.#options.target();
    if (target === undefined) {
      throw new LauncherError('ERR_LAUNCHER_CONFIGURE_UNAVAILABLE', 'the container does not run');
    }
    this.#busy = true;
    try {
      return await passOn(request, response, target);
    } finally {
      this.#busy = false;
    }
  }
}

async function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  target: ConfigTarget,
): Promise<Outcome> {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort(new Error('the configuration took too long'));
  }, CONFIGURE_DEADLINE_MS);
  response.once('close', () => {
    if (!response.writableFinished) limit.abort(new Error('the client went away'));
  });
  try {
    if (request.headers.expect !== undefined) response.writeContinue();
    const answer = await sendConfiguration(request, target.address, limit.signal);
    const status = answer.statusCode ?? 0; // always set on a response
    const opened = status >= 200 && status <= 299;
    // First, so that a client that has the answer finds the rest open.
    if (opened) await target.complete();
    response.writeHead(status, answer.statusMessage ?? '', relayedFields(answer));
    // Whichever side breaks off now, the container has given its answer.
    await pipeline(answer, response).catch(() => undefined);
    request.unpipe();
    request.resume();
    return { status, opened };
  } finally {
    clearTimeout(timer);
  }
}

/** What clients are told; other refusals are 403, and 503 when they are worth another try. */
const STATUS: Partial<Record<LauncherErrorCode, number>> = {
  ERR_LAUNCHER_WORKLOAD_REQUEST: 400,
  ERR_LAUNCHER_TOKEN_MISSING: 401,
  ERR_LAUNCHER_TOKEN_INVALID: 401,
  ERR_LAUNCHER_CONFIGURE_REFUSED: 403,
  ERR_LAUNCHER_CONFIGURE_BUSY: 409,
  ERR_LAUNCHER_TOO_MANY_FAILURES: 429,
  ERR_LAUNCHER_CONFIGURE_UNAVAILABLE: 503,
};

function statusOf({ code, family }: LauncherError): number {
  return STATUS[code] ?? (family === 'unavailable' ? 503 : 403);
}

function asRefusal(error: unknown): LauncherError | undefined {
  return error instanceof LauncherError ? error : undefined;
}

/** Says no, or breaks off when an answer has begun: nobody may take a half for the whole. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  refusal: LauncherError | undefined,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const problem = problemResponse({
    status,
    code: refusal?.code ?? 'ERR_INTERNAL',
    detail: refusal?.message ?? 'internal error',
  });
  const body = JSON.stringify(problem.body);
  response.writeHead(status, {
    ...problem.headers,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(refusal?.family === 'unavailable' ? { 'retry-after': RETRY_AFTER_S } : {}),
    // Content that is still held back may never come, and what comes instead would be taken for it.
    ...(request.headers.expect === undefined ? {} : { connection: 'close' }),
  });
  response.end(body);
  // Read and dropped: a connection that is closed while the other side writes loses the answer.
  request.resume();
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
