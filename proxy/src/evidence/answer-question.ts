// SPDX-License-Identifier: Apache-2.0
import {
  equalBytes,
  formatQuoteTime,
  SESSION_CLIENT_EXPORTER_LABEL,
  SESSION_EXPORTER_LABEL,
} from '@proofgate/evidence';
import { ProxyError } from '../errors.ts';
import type { ClientConnection } from '../http/client-connection.ts';
import type { LocalAnswer } from '../http/local-resource.ts';
import type { AttestQuestion } from './attest-question.ts';
import type { ClientContexts } from './client-contexts.ts';
import type { ClientDemand } from './client-demand.ts';
import type { SessionEvidence } from './evidence-client.ts';
import { evidenceOf } from './identity-evidence.ts';
import { exportSession } from './session-exporter.ts';

/** What answers are made with. */
export interface AnswerTools {
  readonly sessions: SessionEvidence;
  /** Absent where no client has to prove itself. */
  readonly clients: ClientDemand | undefined;
  readonly contexts: ClientContexts;
  readonly now: () => Date;
}

/** Answers belong to one connection at one moment. */
const HEADERS = ['Content-Type', 'application/json', 'Cache-Control', 'no-store'] as const;

/**
 * Answers one question about a connection (RA-TLS v2, section 11.2).
 *
 * @throws ProxyError ERR_PROXY_EVIDENCE_…
 */
export async function answerQuestion(
  question: AttestQuestion,
  connection: ClientConnection,
  tools: AnswerTools,
  signal: AbortSignal,
): Promise<LocalAnswer> {
  if (question.mode === 'present') {
    await judgeClient(question, connection, tools, signal);
    return { status: 204, headers: ['Cache-Control', 'no-store'], body: new Uint8Array() };
  }
  const { keySha256 } = evidenceOf(connection.identity);
  if (!equalBytes(question.leaf, keySha256)) {
    throw new ProxyError('ERR_PROXY_EVIDENCE_LEAF', 'leaf is not the one of this connection', {
      hint: 'something in between ends TLS, or the client asks about another connection',
    });
  }
  const evidence =
    question.mode === 'deterministic'
      ? keptEvidence(connection)
      : await sessionEvidence(question, connection, tools, signal);
  const members = { v: 2, mode: question.mode, ...evidence, ...clientMembers(connection, tools) };
  return { status: 200, headers: HEADERS, body: Buffer.from(JSON.stringify(members)) };
}

function keptEvidence({ identity }: ClientConnection): object {
  const { tee, quote, quoteTime } = evidenceOf(identity).document;
  return { tee, quote: base64Url(quote), gpu_evidence: null, quote_time: quoteTime };
}

async function sessionEvidence(
  { mode, context }: Extract<AttestQuestion, { context: Uint8Array; leaf: Uint8Array }>,
  { identity, socket, peerAddress }: ClientConnection,
  { sessions, now }: AnswerTools,
  signal: AbortSignal,
): Promise<object> {
  const exported = exportSession(socket, SESSION_EXPORTER_LABEL, context);
  const { quote, batch } = await sessions.request(
    { mode, identity: identity.id, context, exported, address: peerAddress },
    signal,
  );
  const { tee } = evidenceOf(identity).document;
  const common = { tee, quote: quoteText(quote), gpu_evidence: null };
  if (batch === undefined) return { ...common, quote_time: formatQuoteTime(now()) };
  return { ...common, ...batch, path: batch.path.map(base64Url) };
}

function clientMembers(connection: ClientConnection, { clients, contexts }: AnswerTools): object {
  const wish = clients?.wishOf(connection) ?? 'none';
  if (wish === 'none') return { client_evidence: 'none', client_context: null };
  const context = base64Url(contexts.issue(connection.socket));
  // RA-TLS v2 knows two words; whoever may show evidence, and need not, finds a context beside the second.
  const word = wish === 'required' ? 'required' : 'none';
  return { client_evidence: word, client_context: context };
}

async function judgeClient(
  presented: Extract<AttestQuestion, { mode: 'present' }>,
  connection: ClientConnection,
  { clients, contexts }: AnswerTools,
  signal: AbortSignal,
): Promise<void> {
  const { socket } = connection;
  const contextAgeMs = contexts.redeem(socket, presented.context);
  if (clients === undefined || contextAgeMs === undefined) {
    throw new ProxyError('ERR_PROXY_EVIDENCE_CLIENT', 'context was not given to this client', {
      hint: 'a context is good for one attempt, on its connection, for two minutes',
    });
  }
  const exported = exportSession(socket, SESSION_CLIENT_EXPORTER_LABEL, presented.context);
  await clients.judge({ ...presented, connection, exported, contextAgeMs }, signal);
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

/** All answers of a batch have the same quote. */
const quoteTexts = new WeakMap<Uint8Array, string>();

function quoteText(quote: Uint8Array): string {
  const known = quoteTexts.get(quote);
  if (known !== undefined) return known;
  const text = base64Url(quote);
  quoteTexts.set(quote, text);
  return text;
}
