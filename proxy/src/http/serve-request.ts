// SPDX-License-Identifier: Apache-2.0
import { PROXY_ERRORS, ProxyError, type ProxyErrorCode } from '../errors.ts';
import { routeForConnection, type ConnectionRoute } from '../worker/connection-route.ts';
import { answerLocally } from './answer-locally.ts';
import type { ClientConnection, HostLookup } from './client-connection.ts';
import type { ClientStream, RequestHead } from './client-stream.ts';
import { throughConfigureGate } from './configure-rule.ts';
import { Exchange, type ExchangeContext } from './exchange.ts';
import { forward } from './forward.ts';
import type { RawHeaders } from './header-rules.ts';
import type { LocalResource } from './local-resource.ts';
import type { Route } from '../ipc/snapshot.ts';
import type { Peers } from '../peer/peers.ts';
import { planRequest } from './request-rules.ts';

/** What answers requests, whatever version of HTTP they come in. */
export interface RequestService {
  readonly context: ExchangeContext;
  readonly hosts: HostLookup;
  /** Asked in their order before anything is forwarded. */
  readonly localResources: readonly LocalResource[];
  readonly maxHeaderCount: number;
  /** Decides which clients are served, and what upstreams are told of them. */
  readonly peers: Pick<Peers, 'introduce'>;
}

/** Refusals of a client that hold for everything on its connection; on a new one it may have better luck. */
const ONLY_ELSEWHERE: ReadonlySet<ProxyErrorCode> = new Set([
  'ERR_PROXY_REQUEST_MISDIRECTED',
  'ERR_PROXY_PEER_BUSY',
  'ERR_PROXY_PEER_UNAVAILABLE',
]);

/** Checks a request and answers or forwards it. Handlers are attached to the stream when this returns. */
export function serveRequest(
  service: RequestService,
  connection: ClientConnection,
  head: RequestHead,
  client: ClientStream,
): void {
  const exchange = new Exchange(service.context, connection, head, client);
  let understood = false;
  try {
    const { route, leaving } = findRoute(service, connection);
    exchange.setFields(route.responseHeaders);
    const plan = planRequest(head, {
      hostname: connection.hostname,
      maxHeaderCount: service.maxHeaderCount,
      maxBodyBytes: route.limits.bodyBytes,
    });
    understood = true;
    exchange.noteTrace(plan.fields);
    checkBudget(exchange);
    if (leaving) exchange.endConnection();
    // Before the gate: whoever configures a workload wants to see its evidence first.
    const local = service.localResources.find((resource) => resource.matches(head.target));
    if (local === undefined) {
      // Also for the request that configures a workload: nothing of a host is for clients that it does not want.
      const identity = identify(service, exchange, route);
      const gated = throughConfigureGate(route, head);
      forward(exchange, service.context.upstreams, plan, gated, identity);
    } else {
      answerLocally(exchange, local);
    }
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    // A head whose meaning is in doubt ends the connection.
    exchange.fail(error, !understood || !exchange.complete);
  }
}

/** @throws ProxyError ERR_PROXY_TOO_MANY_REQUESTS, ERR_PROXY_TOO_MUCH_CONTENT */
function checkBudget({ connection, startedAt }: Exchange): void {
  const code = connection.budget?.request(startedAt);
  if (code !== undefined) throw new ProxyError(code, PROXY_ERRORS[code][1]);
}

/** Answers a request that cannot be served, or not even read; what follows it means nothing. */
export function refuseRequest(
  { context }: RequestService,
  connection: ClientConnection,
  head: RequestHead,
  client: ClientStream,
  error: ProxyError,
): void {
  new Exchange(context, connection, head, client).fail(error, true);
}

/** @throws ProxyError ERR_PROXY_PEER_…, ERR_PROXY_REQUEST_MISDIRECTED */
function identify({ peers }: RequestService, exchange: Exchange, { clients }: Route): RawHeaders {
  const { head, connection } = exchange;
  const { method, target } = head;
  try {
    return peers.introduce(connection, clients, { method, target, hostname: connection.hostname });
  } catch (error) {
    if (error instanceof ProxyError && ONLY_ELSEWHERE.has(error.code)) exchange.endConnection();
    throw error;
  }
}

/** @throws ProxyError ERR_PROXY_REQUEST_MISDIRECTED */
function findRoute(service: RequestService, connection: ClientConnection): ConnectionRoute {
  const host = service.hosts(connection.hostname);
  // The client has checked what this connection was proved with; another workload needs another proof.
  const found = routeForConnection(host?.route, connection.identity);
  if (found?.route.mode === 'http') return found;
  throw new ProxyError('ERR_PROXY_REQUEST_MISDIRECTED', 'host is served by something else now', {
    hint: 'open a new connection',
  });
}
