// SPDX-License-Identifier: Apache-2.0
import type { HostMode, Upstream } from '@proofgate/api';

/** What a worker serves: complete, immutable, replaced as a whole. */
export interface Snapshot {
  /** Grows with every snapshot of one primary. */
  readonly version: number;
  readonly hosts: readonly SnapshotHost[];
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
  /**
   * Names the workload that answers, as its certificate describes it. When it changes, a connection that was proved
   * with the old one gets no answers from the new one.
   */
  readonly workload: string;
  readonly limits: RouteLimits;
}

/** Limits of one host, in bytes and milliseconds. */
export interface RouteLimits {
  readonly bodyBytes: number;
  readonly requestTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Without a byte in either direction. */
  readonly idleTimeoutMs: number;
}

/** Key, chain and evidence of a host. The private key exists in memory and on this channel alone. */
export interface SnapshotIdentity {
  /** Unlike any other identity of this primary. */
  readonly id: string;
  /** PKCS #8, PEM. */
  readonly privateKey: string;
  /** Leaf first, PEM. */
  readonly chain: string;
  /** The attestation document of the leaf, as it is sent; absent when the leaf carries no quote. */
  readonly document: Uint8Array | undefined;
}
