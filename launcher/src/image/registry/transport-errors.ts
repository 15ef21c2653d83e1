// SPDX-License-Identifier: Apache-2.0
import { LauncherError } from '../../errors.ts';
import { RegistryUnavailable, registryRefused } from './registry-fault.ts';
import type {
  RegistryTransport,
  TransportRequest,
  TransportResponse,
} from './registry-transport.ts';

/** Codes of failures that another try does not change: the other side is not who it should be, or does not speak TLS. */
const CERTIFICATE_CODES =
  /^(CERT_|ERR_TLS_|ERR_SSL_|EPROTO$|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH$|INVALID_CA$)/;

/** Whether a status says that the server is not well at the moment (RFC 9110 section 15). */
export function isTransient(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/**
 * Sends a request.
 *
 * @throws LauncherError ERR_LAUNCHER_REGISTRY_UNAVAILABLE, ERR_LAUNCHER_REGISTRY_REFUSED; the signal's reason
 */
export async function sendRequest(
  transport: RegistryTransport,
  request: TransportRequest,
): Promise<TransportResponse> {
  try {
    return await transport.get(request);
  } catch (error) {
    throw asRegistryFault(error, request.url.host, request.signal);
  }
}

/** What a failed connection means. */
export function asRegistryFault(error: unknown, host: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof LauncherError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const seen = error instanceof Error ? `${code} ${error.message}`.trim() : String(error);
  const details = { seen: seen.slice(0, 300), cause: error };
  if (CERTIFICATE_CODES.test(code)) {
    const expected = 'a certificate for its name from a public authority';
    return registryRefused(`${host} cannot prove who it is`, { expected, ...details });
  }
  return new RegistryUnavailable(`${host} does not answer`, details);
}

/**
 * Reads a body as a whole.
 *
 * @throws LauncherError ERR_LAUNCHER_REGISTRY_REFUSED when it is too large; as {@link sendRequest}
 */
export async function readBody(
  response: TransportResponse,
  maxBytes: number,
  host: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of response.body) {
      size += piece.length;
      if (size > maxBytes) {
        throw registryRefused(`${host} sends too much`, {
          expected: `at most ${String(maxBytes)} bytes`,
          seen: 'more',
        });
      }
      pieces.push(piece);
    }
  } catch (error) {
    throw asRegistryFault(error, host, signal);
  }
  return Buffer.concat(pieces, size);
}
