// SPDX-License-Identifier: Apache-2.0
import type { Route } from '../ipc/snapshot.ts';
import type { UpstreamRequest } from '../upstream/upstream-client.ts';
import type { ClientConnection } from './client-connection.ts';
import type { RequestHead } from './client-stream.ts';
import { upstreamRequestHeaders, type RawHeaders } from './header-rules.ts';
import { hasContent, type RequestPlan } from './request-rules.ts';

/** Methods whose requests have no content unless a field says so; for the others the length 0 has to be written. */
const METHODS_WITHOUT_CONTENT: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'DELETE',
  'OPTIONS',
  'TRACE',
]);

/**
 * The request that the upstream gets for a client's request.
 *
 * @param identity fields that say who the client is; what it says of that itself is removed
 */
export function upstreamRequest(
  head: RequestHead,
  plan: RequestPlan,
  route: Route,
  connection: Pick<ClientConnection, 'hostname' | 'peerAddress'>,
  identity: RawHeaders = [],
): UpstreamRequest {
  const { method, target, body } = head;
  const chunked = body.kind === 'chunked';
  const headers = upstreamRequestHeaders(head.rawHeaders, plan.fields.connection, connection, {
    chunked,
    expectContinue: plan.expectContinue,
  });
  headers.push(...identity);
  // In HTTP/2 content needs no length, and no field says so.
  if (chunked && head.httpVersion === '2.0') headers.push('Transfer-Encoding', 'chunked');
  // RFC 9110 section 8.6: otherwise a server may wait for content.
  if (body.kind === 'none' && !METHODS_WITHOUT_CONTENT.has(method)) {
    headers.push('Content-Length', '0');
  }
  if (plan.upgrade !== undefined) headers.push('Connection', 'Upgrade', 'Upgrade', plan.upgrade);
  const { connectTimeoutMs, responseTimeoutMs, idleTimeoutMs } = route.limits;
  return {
    upstream: route.upstream,
    method,
    target,
    headers,
    hasBody: hasContent(body),
    chunked,
    upgrade: plan.upgrade !== undefined,
    connectTimeoutMs,
    responseTimeoutMs,
    idleTimeoutMs,
  };
}
