// SPDX-License-Identifier: Apache-2.0

/** What clients of the evidence endpoint do. Plain data, so that it can be handed to another process as JSON. */
export interface EvidencePlan {
  readonly port: number;
  /** TLS server name and `host` header. */
  readonly servername: string;
  /** PEM of the root that the server's chain must lead to. */
  readonly ca: string;
  readonly mode: 'batch' | 'challenge';
  /** Clients at a time; each opens a connection, asks once, closes it, and begins anew. */
  readonly clients: number;
  readonly milliseconds: number;
  /** Of every so many answers one is replayed from the client's own exporter value to the report data of its quote. */
  readonly checkEvery: number;
}

/** What came of it. Connections that were under way at the end do not count. */
export interface EvidenceResult {
  /** Connections with an answer. */
  readonly attested: number;
  /** Answers that were replayed. */
  readonly checked: number;
  readonly errors: number;
  /** Of the first error. */
  readonly message: string;
  readonly perSecond: number;
  /** Milliseconds from the start of the TCP connection to the end of the answer. */
  readonly p50: number;
  readonly p99: number;
}
