// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import type { Route } from '../ipc/snapshot.ts';
import type { UpstreamRequest } from '../upstream/upstream-client.ts';
import type { ClientConnection } from './client-connection.ts';
import { upstreamRequestHeaders } from './header-rules.ts';
import { hasContent, type RequestPlan } from './request-rules.ts';

/** Methods whose requests have no content unless a field says so; for the others the length 0 has to be written. */
const METHODS_WITHOUT_CONTENT: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'DELETE',
  'OPTIONS',
  'TRACE',
]);

/** The request that the upstream gets for a client's request. */
export function upstreamRequest(
  request: IncomingMessage,
  plan: RequestPlan,
  route: Route,
  connection: Pick<ClientConnection, 'hostname' | 'peerAddress'>,
): UpstreamRequest {
  const method = request.method ?? '';
  const headers = upstreamRequestHeaders(request.rawHeaders, connection, {
    chunked: plan.body.kind === 'chunked',
    expectContinue: plan.expectContinue,
  });
  // RFC 9110 section 8.6: otherwise Node would announce an empty chunked content.
  if (plan.body.kind === 'none' && !METHODS_WITHOUT_CONTENT.has(method)) {
    headers.push('Content-Length', '0');
  }
  if (plan.upgrade !== undefined) headers.push('Connection', 'Upgrade', 'Upgrade', plan.upgrade);
  return {
    upstream: route.upstream,
    method,
    target: request.url ?? '',
    headers,
    hasBody: hasContent(plan.body),
    upgrade: plan.upgrade !== undefined,
    connectTimeoutMs: route.limits.connectTimeoutMs,
    responseTimeoutMs: route.limits.responseTimeoutMs,
  };
}
