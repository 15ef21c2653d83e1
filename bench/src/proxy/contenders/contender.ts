// SPDX-License-Identifier: Apache-2.0

/** A proxy that is being measured. */
export interface Contender {
  readonly name: string;
  /** Its process; descendants count as well. */
  readonly pid: number;
  /** TLS, on loopback. */
  readonly port: number;
}

/** The names that are asked for, each with a kind of upstream of its own. They stand on loopback without a resolver. */
export const HOSTS = {
  web: 'localhost',
  webSocket: 'ws.localhost',
  grpc: 'grpc.localhost',
} as const;

/** Path of the WebSocket upstream. */
export const WEBSOCKET_PATH = '/ws';

/** Where gRPC calls go: every path below it. */
export const GRPC_PREFIX = '/bench.';

/** The one call that there is. */
export const GRPC_PATH = '/bench.Echo/Unary';

/** Idle connections to upstreams: one for each client that is served at a time. */
export const UPSTREAM_CONNECTIONS = 128;

/** Above all that is opened at a time; haproxy wants two descriptors for each, and 20,000 are a usual limit. */
export const MAX_CONNECTIONS = 8_000;

/** What a contender stands in front of, and with which certificate. */
export interface Setting {
  readonly upstreams: {
    readonly web: number;
    readonly webSocket: number;
    /** HTTP/2 without TLS. */
    readonly grpc: number;
  };
  /** Files, PEM: leaf and chain, its key, and both in one. */
  readonly certificate: string;
  readonly key: string;
  readonly bundle: string;
  /** For configuration and state. */
  readonly directory: string;
  readonly port: number;
  readonly cpu: number | undefined;
}
