// SPDX-License-Identifier: Apache-2.0
import type {
  GatewayHostLimits,
  HostLimits,
  HostMode,
  HostRateLimits,
  Limits,
} from '@proofgate/api';
import type { RouteLimits } from '../ipc/snapshot.ts';
import type { AccountLimits } from '../limits/account.ts';
import type { QuoteLimits } from '../quoting/session-quoter.ts';
import type { WorkerLimits } from '../worker/worker.ts';

/** The limits of one host: its own where it has some, the proxy's otherwise. */
export function routeLimits(
  limits: Limits,
  mode: HostMode,
  own: GatewayHostLimits = {},
  clients: HostRateLimits = {},
): RouteLimits {
  return {
    bodyBytes: own.bodyBytes ?? limits.body_bytes,
    requestTimeoutMs: own.requestTimeoutMs ?? limits.request_timeout,
    responseTimeoutMs: own.responseTimeoutMs ?? limits.response_timeout,
    connectTimeoutMs: limits.connect_timeout,
    idleTimeoutMs:
      own.idleTimeoutMs ?? (mode === 'tcp' ? limits.tcp_idle_timeout : limits.idle_timeout),
    clients: clientsOf({ ...limits, ...clients }),
  };
}

/** Nothing is counted under a host that nothing bounds. */
function clientsOf(limits: HostRateLimits): AccountLimits | undefined {
  const bounds = {
    connections: limits.connections_per_host,
    handshakes: limits.handshakes_per_host,
    requests: limits.requests_per_host,
    contentBytes: limits.body_rate_per_host,
  };
  return Object.values(bounds).every((bound) => bound === undefined) ? undefined : bounds;
}

/** The limits of a route in the config file, in the form of a gateway state. */
export function stateLimits(limits: HostLimits): GatewayHostLimits {
  return {
    ...(limits.body_bytes === undefined ? {} : { bodyBytes: limits.body_bytes }),
    ...(limits.request_timeout === undefined ? {} : { requestTimeoutMs: limits.request_timeout }),
    ...(limits.idle_timeout === undefined ? {} : { idleTimeoutMs: limits.idle_timeout }),
    ...(limits.response_timeout === undefined
      ? {}
      : { responseTimeoutMs: limits.response_timeout }),
  };
}

/** What bounds a worker as a whole. */
export function workerLimits(limits: Limits): WorkerLimits {
  return {
    connections: limits.connections,
    handshakeTimeoutMs: limits.handshake_timeout,
    headerBytes: limits.header_bytes,
    headerCount: limits.header_count,
    headersTimeoutMs: limits.headers_timeout,
    keepAliveTimeoutMs: limits.idle_timeout,
    perAddress: {
      connections: limits.connections_per_address,
      handshakes: limits.handshakes_per_address,
      requests: limits.requests_per_address,
      contentBytes: limits.body_rate_per_address,
      exempt: limits.exempt_addresses,
    },
  };
}

/** What bounds evidence for sessions, over all workers. */
export function quoteLimits(limits: Limits): QuoteLimits {
  return {
    waitMs: limits.quote_wait,
    timeoutMs: limits.quote_timeout,
    batched: limits.quotes,
    challenges: limits.challenge_quotes,
    perAddress: limits.quotes_per_address,
    perHost: limits.quotes_per_host,
    rates: {
      perAddress: limits.quote_rate_per_address,
      perHost: limits.quote_rate_per_host,
      exempt: limits.exempt_addresses,
    },
  };
}
