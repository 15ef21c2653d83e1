// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import { isAllZero, SESSION_CONTEXT_BYTES } from '@proofgate/evidence';
import { ProxyError } from '../errors.ts';

/**
 * A secret that only the two ends of a TLS session can derive (RFC 8446, section 7.5).
 *
 * @param label `SESSION_EXPORTER_LABEL` for our own evidence, the other one for a client's
 * @throws ProxyError ERR_PROXY_EVIDENCE_SESSION
 */
export function exportSession(
  socket: Pick<TLSSocket, 'getProtocol' | 'isSessionReused' | 'exportKeyingMaterial'>,
  label: string,
  context: Uint8Array,
): Uint8Array {
  const protocol = socket.getProtocol();
  // Our listeners neither take older versions nor resume; this says so once more where it matters.
  if (protocol !== 'TLSv1.3' || socket.isSessionReused()) {
    throw unusable('a full handshake of TLSv1.3', protocol ?? 'no TLS');
  }
  const exported = exportBytes(socket, label, context);
  // TLS stacks return empty or zero secrets in error states, and those would be the same on every connection.
  if (exported.length !== SESSION_CONTEXT_BYTES || isAllZero(exported)) {
    throw unusable('a secret of 32 bytes', `${exported.length} bytes that are none`);
  }
  return exported;
}

function exportBytes(
  socket: Pick<TLSSocket, 'exportKeyingMaterial'>,
  label: string,
  context: Uint8Array,
): Uint8Array {
  try {
    return Uint8Array.from(
      socket.exportKeyingMaterial(SESSION_CONTEXT_BYTES, label, Buffer.from(context)),
    );
  } catch (cause) {
    throw unusable('a connection that is open', 'no exporter', cause);
  }
}

function unusable(expected: string, seen: string, cause?: unknown): ProxyError {
  const message = 'nothing can be derived from this TLS session';
  return new ProxyError('ERR_PROXY_EVIDENCE_SESSION', message, { expected, seen, cause });
}
