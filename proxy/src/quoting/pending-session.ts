// SPDX-License-Identifier: Apache-2.0
import {
  batchReportData,
  batchTree,
  sessionLeaf,
  sessionReportData,
  type ReportData,
} from '@proofgate/evidence';
import type { EvidenceAnswer, EvidenceRequest } from '../ipc/evidence-messages.ts';
import type { KnownIdentity } from './known-identities.ts';

/** Where requests come from: a worker. */
export interface EvidenceSource {
  readonly answer: (answer: EvidenceAnswer) => void;
}

/** A TLS session that evidence was asked for. */
export interface PendingSession {
  readonly source: EvidenceSource;
  readonly request: EvidenceRequest;
  readonly identity: KnownIdentity;
}

/** A quote to be made, and whom it answers. */
export interface QuotePlan {
  readonly reportData: ReportData;
  readonly answer: (quote: Uint8Array) => void;
}

/** One quote over all sessions. Each source gets the quote once, however many sessions it asked for. */
export function planBatch(sessions: readonly PendingSession[], time: Date): QuotePlan {
  const tree = batchTree(
    sessions.map(({ identity: { spki }, request: { context, exported } }) =>
      sessionLeaf('server', spki, context, exported),
    ),
  );
  const { root, size } = tree;
  const indexes = new Map(sessions.map((session, index) => [session, index]));
  return {
    reportData: batchReportData(root, size, time),
    answer(quote) {
      for (const [source, own] of bySource(sessions)) {
        const places = own.map((session) => {
          const index = indexes.get(session) ?? 0;
          return { ticket: session.request.ticket, index, path: tree.path(index) };
        });
        source.answer({ kind: 'evidence-batch', quote, time: time.getTime(), size, places });
      }
    },
  };
}

/** One quote over one session. */
export function planChallenge({ source, request, identity }: PendingSession): QuotePlan {
  const { ticket, context, exported } = request;
  return {
    reportData: sessionReportData(identity.spki, context, exported),
    answer: (quote) => source.answer({ kind: 'evidence-challenge', ticket, quote }),
  };
}

/** Sessions of each source, in their order. */
export function bySource(
  sessions: readonly PendingSession[],
): ReadonlyMap<EvidenceSource, readonly PendingSession[]> {
  const grouped = new Map<EvidenceSource, PendingSession[]>();
  for (const session of sessions) {
    const own = grouped.get(session.source);
    if (own === undefined) grouped.set(session.source, [session]);
    else own.push(session);
  }
  return grouped;
}
