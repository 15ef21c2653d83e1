// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import { SESSION_CONTEXT_BYTES } from '@proofgate/evidence';
import { VerifierError } from '@proofgate/verifier';

/**
 * A secret that only the two ends of a TLS session can derive (RFC 8446, section 7.5).
 *
 * @throws VerifierError `ERR_VERIFIER_ARGUMENT`, `ERR_CONNECT_UNAVAILABLE`
 */
export function exportSecret(socket: TLSSocket, label: string, context: Uint8Array): Uint8Array {
  // RFC 8446 §7.5. In TLS 1.2 the exporter identifies a session only with an extension that cannot be seen from here.
  const protocol = socket.getProtocol();
  if (protocol !== 'TLSv1.3') {
    throw new VerifierError(
      'ERR_VERIFIER_ARGUMENT',
      'the connection is not a TLS 1.3 session',
      {
        expected: 'TLSv1.3',
        seen: protocol ?? 'no TLS',
      },
      'misuse',
    );
  }
  try {
    return new Uint8Array(
      socket.exportKeyingMaterial(SESSION_CONTEXT_BYTES, label, Buffer.from(context)),
    );
  } catch (cause) {
    throw new VerifierError(
      'ERR_CONNECT_UNAVAILABLE',
      'the TLS session has no exporter',
      {
        hint: 'the connection may have been closed',
        cause,
      },
      'unavailable',
    );
  }
}
