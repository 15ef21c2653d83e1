// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import { MAX_CHAIN_LENGTH } from '@proofgate/verifier';

/** The certificates that a client has shown in the handshake: DER, leaf first. Empty when it has shown none. */
export function clientChain(socket: Pick<TLSSocket, 'getPeerX509Certificate'>): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let next = socket.getPeerX509Certificate();
  // One more than is acceptable, so that a chain which is too long is refused and not cut off.
  while (next !== undefined && chain.length <= MAX_CHAIN_LENGTH) {
    chain.push(Uint8Array.from(next.raw));
    next = next.issuerCertificate;
  }
  return chain;
}
