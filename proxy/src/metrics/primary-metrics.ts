// SPDX-License-Identifier: Apache-2.0
import type { HistogramSample } from '@proofgate/daemon';
import type { QuoteMode } from '../ipc/evidence-messages.ts';
import type { QuoteOutcome } from '../quoting/session-quoter.ts';
import { bucketOf } from './host-layout.ts';

/** Seconds: hardware makes a quote in tens of milliseconds, a vendor's service in a second, and at 8 s it is given up. */
export const QUOTE_BOUNDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** What a quote is for: many sessions, one, or an identity. */
type QuotePurpose = QuoteMode | 'identity';

/** What the primary counts itself. */
export class PrimaryMetrics {
  /** Workers that have died without having been told to. */
  workerDeaths = 0;
  identitiesMade = 0;
  identitiesFailed = 0;
  private readonly purposes: Readonly<Record<QuotePurpose, QuoteCounts>> = {
    identity: new QuoteCounts('identity'),
    batch: new QuoteCounts('batch'),
    challenge: new QuoteCounts('challenge'),
  };

  /** Quotes by what they were for. */
  get quotes(): readonly QuoteCounts[] {
    return Object.values(this.purposes);
  }

  /** A quote was made, or was not. */
  quoted(purpose: QuotePurpose, outcome: QuoteOutcome): void {
    this.purposes[purpose].add(outcome);
  }
}

/** Quotes for one purpose. */
class QuoteCounts implements HistogramSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly counts: number[] = Array.from({ length: QUOTE_BOUNDS.length + 1 }, () => 0);
  /** Seconds. */
  sum = 0;
  failed = 0;
  /** That got their evidence. */
  sessions = 0;

  constructor(purpose: QuotePurpose) {
    this.labels = { purpose };
  }

  add({ made, durationMs, sessions }: QuoteOutcome): void {
    const seconds = durationMs / 1_000;
    const bucket = bucketOf(QUOTE_BOUNDS, seconds);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += seconds;
    if (made) this.sessions += sessions;
    else this.failed += 1;
  }
}
