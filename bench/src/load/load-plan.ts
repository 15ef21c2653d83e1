// SPDX-License-Identifier: Apache-2.0

/** What a load generator does. Plain data, so that it can be handed to another process as JSON. */
export interface LoadPlan {
  readonly host: string;
  readonly port: number;
  /** TLS server name and `host` header. */
  readonly servername: string;
  /** PEM of the root that the server's chain must lead to. */
  readonly ca: string;
  /** Request target. */
  readonly path: string;
  /** Body that every response must have, with status 200; any other answer counts as an error. */
  readonly expectedBody: string;
  /** Connections at a time, each with one request at a time. */
  readonly connections: number;
  /** `keep-alive` reuses connections; `new-connection` makes a full TLS handshake for each request. */
  readonly mode: 'keep-alive' | 'new-connection';
  readonly until: { readonly requests: number } | { readonly milliseconds: number };
}

/** What came of it. */
export interface LoadResult {
  /** Good answers. */
  readonly requests: number;
  readonly errors: number;
  /** Count by message, the first few kinds. */
  readonly errorKinds: Readonly<Record<string, number>>;
  readonly elapsedMs: number;
  readonly requestsPerSecond: number;
  /** Milliseconds from the first byte of the request (or of the handshake) to the last byte of the response. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
}
