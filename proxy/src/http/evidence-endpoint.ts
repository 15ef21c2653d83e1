// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';
import type { LocalAnswer, LocalRequest, LocalResource } from './local-resource.ts';

/** Where every attested HTTP host shows its evidence. */
export const EVIDENCE_PATH = '/.well-known/attestation';

/** The document is in memory: this only bounds content that nobody asked for. */
const EVIDENCE_TIMEOUT_MS = 10_000;

/**
 * The evidence of the leaf that the asking connection was opened with, so that the two can be compared even while
 * identities are being replaced.
 */
export const EVIDENCE_RESOURCE: LocalResource = {
  // The query is not looked at.
  matches: (target) => target === EVIDENCE_PATH || target.startsWith(`${EVIDENCE_PATH}?`),
  methods: ['GET', 'HEAD'],
  maxBodyBytes: 0,
  timeoutMs: EVIDENCE_TIMEOUT_MS,
  answer: answerEvidence,
};

/** @throws ProxyError ERR_PROXY_EVIDENCE_ABSENT */
function answerEvidence({ connection }: LocalRequest): LocalAnswer {
  const { document } = connection.identity;
  if (document === undefined) {
    throw new ProxyError('ERR_PROXY_EVIDENCE_ABSENT', 'leaf carries no quote', {
      hint: 'this host is configured with attestation: session',
    });
  }
  const headers = ['Content-Type', 'application/json', 'Cache-Control', 'no-store'];
  return { status: 200, headers, body: document };
}
