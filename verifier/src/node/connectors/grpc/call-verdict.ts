// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Verdict } from '@proofgate/verifier';
import { rememberVerdict, verdictOf } from '../peer-verdicts.ts';

/** What every call of a grpc-js client has. */
export interface AuthenticatedCall {
  /** What grpc-js knows of the connection once the call has one. */
  getAuthContext(): { readonly sslPeerCertificate?: PeerCertificate } | null;
}

/**
 * What the peer that a call goes to has proved.
 *
 * @returns undefined before the call has a connection, and for channels without attested credentials
 * @example
 * ```ts
 * const call = client.echo(request, () => console.log(verdictOfCall(call)?.binding));
 * ```
 */
export function verdictOfCall(call: AuthenticatedCall): Verdict | undefined {
  const certificate = call.getAuthContext()?.sslPeerCertificate;
  return certificate === undefined ? undefined : verdictOf(certificate);
}

/**
 * Makes a verified connection show its certificate to grpc-js, which asks an authorized socket for it once and keeps it
 * for the calls. Node has forgotten the certificate by then: it can be read from a client's socket once.
 */
export function showPeer(socket: TLSSocket, leaf: Uint8Array, verdict: Verdict): void {
  // Sound: `toLegacyObject` returns what `getPeerCertificate` does; Node's types call it by another name.
  const certificate = new X509Certificate(leaf).toLegacyObject() as PeerCertificate;
  rememberVerdict(certificate, verdict);
  Object.assign(socket, { authorized: true, getPeerCertificate: () => certificate });
}
