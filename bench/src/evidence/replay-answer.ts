// SPDX-License-Identifier: Apache-2.0
import {
  batchReportData,
  equalBytes,
  parseQuote,
  replayBatchPath,
  sessionLeaf,
  sessionReportData,
} from '@proofgate/evidence';
import type { AnsweredQuestion } from './attested-connection.ts';

/** The members of an answer that are read; the host is our own. */
interface Answer {
  readonly quote: string;
  readonly index?: number;
  readonly size: number;
  readonly time: number;
  readonly path: readonly string[];
}

/**
 * Replays an answer as a verifier does: from the client's own exporter value to the report data of the quote. The quote's
 * signatures are left to `bench:verifier`.
 *
 * @throws Error when the quote is not for this session
 */
export function replayAnswer(
  { body, context, exported }: Pick<AnsweredQuestion, 'body' | 'context' | 'exported'>,
  spki: Uint8Array,
): void {
  const answer = JSON.parse(body.toString()) as Answer;
  const quote = parseQuote(Buffer.from(answer.quote, 'base64url'));
  const expected = reportDataOf(answer, spki, context, exported);
  if (quote.kind === 'tdx' && equalBytes(quote.body.reportData, expected)) return;
  throw new Error('quote is not for this session');
}

function reportDataOf(
  { index, size, time, path }: Answer,
  spki: Uint8Array,
  context: Uint8Array,
  exported: Uint8Array,
): Uint8Array {
  if (index === undefined) return sessionReportData(spki, context, exported);
  const siblings = path.map((hash) => Uint8Array.from(Buffer.from(hash, 'base64url')));
  const leaf = sessionLeaf('server', spki, context, exported);
  const root = replayBatchPath(leaf, { index, size, path: siblings });
  return batchReportData(root, size, new Date(time));
}
