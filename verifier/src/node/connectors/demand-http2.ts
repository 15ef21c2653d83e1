// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import { VerifierError } from '@proofgate/verifier';

/** What HTTP/2 connectors offer in the handshake. */
export const HTTP2_PROTOCOLS: readonly string[] = ['h2'];

/**
 * Demands that HTTP/2 was negotiated: RFC 9113, section 3.2, leaves no other way to know over TLS.
 *
 * @throws VerifierError `ERR_CONNECT_PROTOCOL`; the connection is closed then
 */
export function demandHttp2(socket: TLSSocket, host: string): void {
  if (socket.alpnProtocol === 'h2') return;
  socket.destroy();
  throw new VerifierError(
    'ERR_CONNECT_PROTOCOL',
    `${host} does not speak HTTP/2`,
    {
      expected: 'h2',
      seen: socket.alpnProtocol === false ? 'no protocol' : String(socket.alpnProtocol),
    },
    'unavailable',
  );
}
