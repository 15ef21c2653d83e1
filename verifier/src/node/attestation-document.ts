// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import {
  type AttestationDocument,
  EvidenceError,
  fromUtf8,
  MAX_DOCUMENT_BYTES,
  parseAttestationDocument,
} from '@proofgate/evidence';
import { VerifierError } from '@proofgate/verifier';
import { http1Exchange } from './connectors/http1-exchange.ts';
import { AnswerTooLargeError, askPeer, type PeerExchange } from './connectors/peer-exchange.ts';

/** How an attestation document is asked for. */
export interface DocumentOptions {
  /** For the `Host` header. */
  readonly host: string;
  /** Default 10 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Where attested hosts serve the document. */
export const ATTESTATION_PATH = '/.well-known/attestation';

/**
 * Asks for the attestation document over a connection that is open already, so that the document and the certificate
 * come from one peer. The connection can be used for requests afterwards. Nothing confidential is sent.
 *
 * @throws VerifierError `ERR_CONNECT_DOCUMENT`, `ERR_CONNECT_TIMEOUT`; EvidenceError `ERR_DOCUMENT_*` and the like
 */
export async function fetchAttestationDocument(
  socket: TLSSocket,
  options: DocumentOptions,
): Promise<AttestationDocument> {
  return requestAttestationDocument(http1Exchange(socket), options);
}

/**
 * Asks for the attestation document in whatever protocol a connection speaks.
 *
 * @throws as {@link fetchAttestationDocument}
 */
export async function requestAttestationDocument(
  exchange: PeerExchange,
  { host, ...limits }: DocumentOptions,
): Promise<AttestationDocument> {
  try {
    const request = { method: 'GET', path: ATTESTATION_PATH, host } as const;
    const body = await askPeer(exchange, request, { ...limits, maxBytes: MAX_DOCUMENT_BYTES });
    return parseDocument(fromUtf8(body));
  } catch (error) {
    if (error instanceof VerifierError || error instanceof EvidenceError) throw error;
    limits.signal?.throwIfAborted();
    if (error instanceof AnswerTooLargeError) {
      throw new EvidenceError('ERR_DOCUMENT_TOO_LARGE', 'attestation document is too large', {
        expected: `at most ${MAX_DOCUMENT_BYTES} bytes`,
      });
    }
    throw failure(error instanceof Error ? error.message : String(error), error);
  }
}

function parseDocument(text: string): AttestationDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw failure('the answer is not JSON', cause);
  }
  return parseAttestationDocument(value);
}

function failure(seen: string, cause?: unknown): VerifierError {
  return new VerifierError(
    'ERR_CONNECT_DOCUMENT',
    'the host gives no attestation document',
    {
      expected: `JSON at ${ATTESTATION_PATH}`,
      seen,
      ...(cause === undefined ? {} : { cause }),
    },
    'unavailable',
  );
}
