// SPDX-License-Identifier: Apache-2.0
import type { GatewayHostLimits, HostLimits, HostMode, Limits } from '@proofgate/api';
import type { RouteLimits } from '../ipc/snapshot.ts';
import type { QuoteLimits } from '../quoting/session-quoter.ts';
import type { WorkerLimits } from '../worker/worker.ts';

/** The limits of one host: its own where it has some, the proxy's otherwise. */
export function routeLimits(
  limits: Limits,
  mode: HostMode,
  own: GatewayHostLimits = {},
): RouteLimits {
  return {
    bodyBytes: own.bodyBytes ?? limits.body_bytes,
    requestTimeoutMs: own.requestTimeoutMs ?? limits.request_timeout,
    responseTimeoutMs: own.responseTimeoutMs ?? limits.response_timeout,
    connectTimeoutMs: limits.connect_timeout,
    idleTimeoutMs:
      own.idleTimeoutMs ?? (mode === 'tcp' ? limits.tcp_idle_timeout : limits.idle_timeout),
  };
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
  };
}
