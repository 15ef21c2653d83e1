// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';
import type { RawHeaders } from '../http/header-rules.ts';
import type { LocalAnswer, LocalRequest, LocalResource } from '../http/local-resource.ts';
import { answerQuestion, type AnswerTools } from './answer-question.ts';
import { MAX_QUESTION_BYTES, parseQuestion } from './attest-question.ts';
import { evidenceOf } from './identity-evidence.ts';
import { evidencePage } from './page/evidence-page.ts';
import { preferredType } from './preferred-type.ts';

/** Where every attested HTTP host shows its evidence; the second is where clients of RA-TLS v2 look for it. */
export const EVIDENCE_PATHS: readonly string[] = ['/.well-known/attestation', '/__privasys/attest'];

/** Ours and usual clients' patience; the quoter's own deadline is shorter. */
const EVIDENCE_TIMEOUT_MS = 10_000;

/** Stored nowhere: on another connection it would be another one's. */
const SHOWN = [
  ...['Cache-Control', 'no-store'],
  ...['Vary', 'Accept'],
  ...['X-Content-Type-Options', 'nosniff'],
] as const;

/** The evidence of hosts, for programs and people, and for sessions of those who ask. */
export function createEvidenceResource(tools: AnswerTools): LocalResource {
  return {
    // The query is not looked at.
    matches: (target) => EVIDENCE_PATHS.includes(target.split('?', 1)[0] ?? ''),
    methods: ['GET', 'HEAD', 'POST'],
    maxBodyBytes: MAX_QUESTION_BYTES,
    timeoutMs: EVIDENCE_TIMEOUT_MS,
    answer: (request) => (request.method === 'POST' ? ask(request, tools) : show(request)),
  };
}

async function ask(
  { rawHeaders, body, connection, signal }: LocalRequest,
  tools: AnswerTools,
): Promise<LocalAnswer> {
  const [type = '', ...others] = valuesOf(rawHeaders, 'content-type');
  // Pages of other origins can send other types without being asked; JSON they cannot.
  if (others.length > 0 || !/^application\/json(?:\s*;\s*charset=utf-8)?$/i.test(type.trim())) {
    throw new ProxyError('ERR_PROXY_EVIDENCE_MEDIA_TYPE', 'question is not sent as JSON', {
      expected: 'application/json',
      seen: type.slice(0, 100),
    });
  }
  return answerQuestion(parseQuestion(body), connection, tools, signal);
}

/**
 * The evidence of the leaf that the asking connection was opened with, so that the two can be compared even while
 * identities are being replaced. It is stored nowhere: on another connection it would be another one's.
 */
function show({ rawHeaders, connection }: LocalRequest): LocalAnswer {
  const { identity, hostname } = connection;
  const accept = valuesOf(rawHeaders, 'accept');
  const wanted = accept.length === 0 ? undefined : accept.join(',');
  if (preferredType(wanted, ['application/json', 'text/html']) === 'application/json') {
    const headers = ['Content-Type', 'application/json', ...SHOWN];
    return { status: 200, headers, body: identity.document };
  }
  const [host = hostname] = valuesOf(rawHeaders, 'host');
  const { headers, body } = evidencePage(evidenceOf(identity).document, host);
  return { status: 200, headers: [...headers, ...SHOWN], body };
}

function valuesOf(raw: RawHeaders, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if (raw[at]?.toLowerCase() === name) values.push(raw[at + 1] ?? '');
  }
  return values;
}
