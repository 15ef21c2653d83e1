// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';

/** Where every attested HTTP host shows its evidence. */
export const EVIDENCE_PATH = '/.well-known/attestation';

/** Whether a request target names the evidence endpoint; the query is not looked at. */
export function isEvidenceTarget(target: string): boolean {
  return target === EVIDENCE_PATH || target.startsWith(`${EVIDENCE_PATH}?`);
}

/** The answer of the evidence endpoint. */
export interface EvidenceAnswer {
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/**
 * The evidence of the leaf that the asking connection was opened with, so that the two can be compared even while
 * identities are being replaced.
 *
 * @throws ProxyError ERR_PROXY_REQUEST_METHOD, ERR_PROXY_EVIDENCE_ABSENT
 */
export function answerEvidence(method: string, document: Uint8Array | undefined): EvidenceAnswer {
  if (method !== 'GET' && method !== 'HEAD') {
    throw new ProxyError('ERR_PROXY_REQUEST_METHOD', `${method} on the evidence endpoint`, {
      expected: 'GET, HEAD',
    });
  }
  if (document === undefined) {
    throw new ProxyError('ERR_PROXY_EVIDENCE_ABSENT', 'leaf carries no quote', {
      hint: 'this host is configured with attestation: session',
    });
  }
  const headers = ['Content-Type', 'application/json', 'Cache-Control', 'no-store'];
  return { headers: [...headers, 'Content-Length', String(document.length)], body: document };
}
