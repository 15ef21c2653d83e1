// SPDX-License-Identifier: Apache-2.0
import type { Collateral, ReportData } from '@proofgate/evidence';
import type { Tee } from '@proofgate/verifier';
import type { ConnectOptions } from '../connect-tls.ts';

/** Who a client is, for hosts that want to know. */
export interface ClientIdentity {
  /** Private key of the certificate, PEM. */
  readonly key: string;
  /** Certificate and chain, PEM, leaf first. It may carry evidence for its key. */
  readonly cert: string;
  /**
   * Makes evidence that covers the TLS session, for hosts that ask for it. It is shown after the host has been verified,
   * and to no other. Without it, the evidence in the certificate has to do.
   *
   * @param reportData what the evidence has to cover
   */
  readonly prove?: (
    reportData: ReportData,
    signal: AbortSignal | undefined,
  ) => Promise<OwnEvidence>;
}

/** Evidence that a client has made of itself. */
export interface OwnEvidence {
  readonly tee: Tee;
  /** Quote or report. */
  readonly bytes: Uint8Array;
  /** What it can be verified with, for hosts that have none of their own: a bundle, or AMD's chain as PEM. */
  readonly collateral?: Collateral | string;
}

/** Where to connect, and what is shown in the handshake. */
export function asClient(
  target: ConnectOptions,
  client: ClientIdentity | undefined,
): ConnectOptions {
  return client === undefined ? target : { ...target, key: client.key, cert: client.cert };
}
