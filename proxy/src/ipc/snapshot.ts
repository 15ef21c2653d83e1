// SPDX-License-Identifier: Apache-2.0
import type { HostMode, Upstream } from '@proofgate/api';
import type { AccountLimits } from '../limits/account.ts';
import type { PeerTokenKey } from '../peer/peer-token.ts';
import type { RouteClients } from '../peer/route-clients.ts';

/** What a worker serves: complete, immutable, replaced as a whole. */
export interface Snapshot {
  /** Grows with every snapshot of one primary. */
  readonly version: number;
  readonly hosts: readonly SnapshotHost[];
  /** That tokens about clients are signed with. */
  readonly peerKey?: PeerTokenKey | undefined;
}

/** A route together with the identity that proves what is behind it: neither is published without the other. */
export interface SnapshotHost {
  readonly route: Route;
  readonly identity: SnapshotIdentity;
}

/** Where the traffic of a host goes. */
export interface Route {
  /** In lower case. */
  readonly hostname: string;
  readonly mode: HostMode;
  readonly upstream: Upstream;
  /** Names of ALPN that are agreed to; those of HTTP unless given, in mode `tcp` none. */
  readonly alpn?: readonly string[] | undefined;
  /** In mode `tcp`: connections to the upstream begin with a header that says whose they are. */
  readonly proxyProtocol?: 'v2' | undefined;
  /**
   * Names the workload that answers, as its certificate describes it. When it changes, a connection that was proved
   * with the old one gets no answers from the new one.
   */
  readonly workload: string;
  /**
   * Names what the workload says about itself in the certificate. A connection that was proved with something which is
   * not said any more gets no answers.
   */
  readonly statements?: readonly string[] | undefined;
  /** The request by which the workload is configured; while it has not been, nothing else is forwarded. */
  readonly configure?: RouteConfigure | undefined;
  /** What its clients have to prove; nothing when absent. */
  readonly clients?: RouteClients | undefined;
  /** What was served under the name before and still runs: connections that were proved with it go on there. */
  readonly retiring?: RetiringWorkload | undefined;
  readonly limits: RouteLimits;
  /** Name and value by turns: what every answer says, whatever the upstream says under these names. */
  readonly responseHeaders?: readonly string[] | undefined;
}

/** A workload that has a successor and still answers, at an address where nothing else does. */
export interface RetiringWorkload {
  readonly workload: string;
  readonly upstream: Upstream;
  readonly configure?: RouteConfigure | undefined;
  readonly clients?: RouteClients | undefined;
}

/** A request that goes to the launcher, which asks who it is. */
export interface RouteConfigure {
  /** Upper case. */
  readonly method: string;
  /** Exact, without a query. */
  readonly path: string;
  readonly upstream: Upstream;
  /** Whether other requests are forwarded to the workload. */
  readonly open: boolean;
}

/** Limits of one host, in bytes and milliseconds. */
export interface RouteLimits {
  readonly bodyBytes: number;
  readonly requestTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Without a byte in either direction. */
  readonly idleTimeoutMs: number;
  /** For all clients together, in each worker. */
  readonly clients?: AccountLimits | undefined;
}

/** Key, chain and evidence of a host. The private key exists in memory and on this channel alone. */
export interface SnapshotIdentity {
  /** Unlike any other identity of this primary. */
  readonly id: string;
  /** PKCS #8, PEM. */
  readonly privateKey: string;
  /** Leaf first, PEM. */
  readonly chain: string;
  /** The attestation document of the leaf, as it is sent. */
  readonly document: Uint8Array;
}
