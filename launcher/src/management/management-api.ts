// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import type { Logger, UnixHandler, UnixRequest, UnixResponse } from '@proofgate/daemon';
import { CodedError } from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';
import { problemAnswer, toldFailure } from './answers.ts';
import { refuseSurplus } from './call.ts';
import { authorize, type Caller } from './caller.ts';
import { containerOperations } from './container-operations.ts';
import { ManagementMetrics } from './management-metrics.ts';
import type { ManagementTarget } from './management-target.ts';
import type { Operations } from './operations.ts';
import { platformOperations } from './platform-operations.ts';
import { addressOf, type RemoteCallers } from './remote-callers.ts';
import { findRoute, type Route } from './route.ts';

/** What the management API needs. */
export interface ManagementApiOptions {
  readonly target: ManagementTarget;
  readonly logger: Logger;
  /** Who remote callers are; without it, they get nothing but `/healthz`. */
  readonly callers: RemoteCallers | undefined;
  /** Whether the config file allows programs to be run in containers. */
  readonly execAllowed: boolean;
}

/** The management API on its two transports. */
export interface ManagementApi {
  /** For the local socket, whose permissions say who may call. */
  readonly local: UnixHandler;
  /** For the socket behind the proxy, where tokens do. */
  readonly remote: UnixHandler;
}

type Transport = keyof ManagementApi;

/** A request on its way, and what is known of it so far. */
interface Handling {
  readonly id: string;
  readonly transport: Transport;
  readonly request: UnixRequest;
  caller: Caller;
  route: Route | undefined;
  facts: Readonly<Record<string, unknown>>;
}

/** Makes the handlers of the management API: one router, the same answers on both transports. */
export function createManagementApi(options: ManagementApiOptions): ManagementApi {
  const router = new Router(options);
  return {
    local: (request) => router.handle('local', request),
    remote: (request) => router.handle('remote', request),
  };
}

class Router {
  readonly #options: ManagementApiOptions;
  readonly #operations: Operations;
  readonly #metrics: ManagementMetrics;

  constructor(options: ManagementApiOptions) {
    this.#options = options;
    this.#operations = { ...platformOperations(), ...containerOperations() };
    this.#metrics = new ManagementMetrics(options.callers?.refusals ?? new Map());
  }

  async handle(transport: Transport, request: UnixRequest): Promise<UnixResponse> {
    const handling: Handling = {
      id: randomUUID(),
      transport,
      request,
      caller: { kind: transport === 'local' ? 'local' : 'anonymous' },
      route: undefined,
      facts: {},
    };
    const { answer, error } = await this.#answer(handling);
    this.#account(handling, answer.status, error);
    // Nobody wants the content of an answer to HEAD, and a log may never end.
    if (request.method === 'HEAD') answer.stream?.destroy();
    const { stream, ...head } = answer;
    return {
      ...head,
      ...(stream === undefined || request.method === 'HEAD' ? {} : { stream }),
      headers: { ...answer.headers, 'x-request-id': handling.id },
    };
  }

  async #answer(handling: Handling): Promise<{ answer: UnixResponse; error?: unknown }> {
    try {
      return { answer: await this.#carryOut(handling) };
    } catch (error) {
      const headers = this.#headersOf(error, handling.request);
      return { answer: problemAnswer(error, handling.id, headers), error };
    }
  }

  async #carryOut(handling: Handling): Promise<UnixResponse> {
    const { transport, request } = handling;
    const route = this.#isOpen(handling) ? findRoute(request.method, request.path) : this.#closed();
    handling.route = route;
    const { endpoint, name } = route;
    if (transport === 'remote' && endpoint.role !== 'none') {
      handling.caller = await this.#identify(request);
    }
    const { caller } = handling;
    authorize(caller, endpoint, name);
    const call = {
      ...route,
      caller,
      request,
      target: this.#options.target,
      metrics: this.#metrics,
      execAllowed: this.#options.execAllowed,
      note: (facts: Readonly<Record<string, unknown>>): void => {
        handling.facts = { ...handling.facts, ...facts };
      },
    };
    refuseSurplus(call);
    return this.#operations[route.operation](call);
  }

  /** Without an issuer nobody can say who they are, so that remote callers get what a load balancer asks for. */
  #isOpen({ transport, request }: Handling): boolean {
    return (
      transport === 'local' || this.#options.callers !== undefined || request.path === '/healthz'
    );
  }

  #closed(): never {
    throw new LauncherError('ERR_LAUNCHER_REMOTE_DISABLED', 'remote management is not configured', {
      expected: 'platform.management.oidc in the config file',
    });
  }

  async #identify({ headers }: UnixRequest): Promise<Caller> {
    const { callers } = this.#options;
    if (headers.authorization === undefined || callers === undefined) return { kind: 'anonymous' };
    return { kind: 'token', ...(await callers.holderOf(headers)) };
  }

  #headersOf(error: unknown, { headers }: UnixRequest): Readonly<Record<string, string>> {
    const { code, status } = toldFailure(error);
    if (status === 405 && error instanceof CodedError) return { allow: error.expected ?? '' };
    if (code === 'ERR_LAUNCHER_TOO_MANY_FAILURES') {
      return { 'retry-after': String(this.#options.callers?.secondsToWait(headers) ?? 1) };
    }
    return status === 503 ? { 'retry-after': '5' } : {};
  }

  /** Counts the request, and writes down who changed what. */
  #account(handling: Handling, status: number, error: unknown): void {
    const { transport, request, route, id } = handling;
    const { method } = request;
    const path = route?.endpoint.path ?? 'unmatched';
    this.#metrics.countRequest({ transport, method, path, status });
    const { logger } = this.#options;
    if (error !== undefined && status === 500) {
      logger.error({ err: error, requestId: id, method, path }, 'management call failed');
    }
    if (
      route === undefined ||
      route.endpoint.role !== 'manager' ||
      route.endpoint.method === 'GET'
    ) {
      return;
    }
    const { facts, caller } = handling;
    logger.info(
      {
        audit: route.operation,
        requestId: id,
        who: caller.kind === 'token' ? caller.subject : caller.kind,
        from: addressOf(request.headers),
        ...(route.name === '' ? {} : { on: route.name }),
        ...facts,
        status,
        ...(error === undefined ? {} : { code: toldFailure(error).code }),
      },
      'management call',
    );
  }
}
