// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import type { Verdict } from '@proofgate/verifier';
import { connectTls, type ConnectOptions } from './connect-tls.ts';
import { asClient } from './connectors/client-identity.ts';
import { http1Exchange } from './connectors/http1-exchange.ts';
import { type PeerRequirements, verifyPeer } from './connectors/verify-peer.ts';

/** A connection whose peer has been verified. */
export interface VerifiedConnection {
  readonly socket: TLSSocket;
  readonly verdict: Verdict;
}

/**
 * Opens a TLS connection and verifies its peer before anything is sent over it but the requests for the attestation
 * document and for evidence of the session, in HTTP/1.1. When the peer is refused, the connection is closed.
 *
 * @throws VerifierError and EvidenceError as {@link connectTls} and `verifyCertificate`
 * @example
 * ```ts
 * const { socket, verdict } = await verifiedConnect({ host: 'app.example.com' }, { policy, collateral, caRoots });
 * ```
 */
export async function verifiedConnect(
  target: ConnectOptions,
  requirements: PeerRequirements,
): Promise<VerifiedConnection> {
  const peer = await connectTls(asClient(target, requirements.client));
  const { socket } = peer;
  return { socket, verdict: await verifyPeer(peer, target, requirements, http1Exchange(socket)) };
}
