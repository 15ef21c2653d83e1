// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import type { ReportData } from '@proofgate/evidence';
import type { Clock } from '../clock.ts';
import { ProxyError } from '../errors.ts';
import type { EvidenceRefusalCode, EvidenceRequest, QuoteMode } from '../ipc/evidence-messages.ts';
import { FairQueue } from './fair-queue.ts';
import type { KnownIdentities } from './known-identities.ts';
import {
  bySource,
  planBatch,
  planChallenge,
  type EvidenceSource,
  type PendingSession,
} from './pending-session.ts';
import { QuotePlaces, type QuotePlaceLimits } from './quote-places.ts';
import { QuoteRates, type QuoteRateLimits } from './quote-rates.ts';

/** What bounds evidence for sessions. */
export interface QuoteLimits extends QuotePlaceLimits {
  /** How long a batch waits for company while the platform is free. */
  readonly waitMs: number;
  /** For one quote. */
  readonly timeoutMs: number;
  /** Absent without a bound. */
  readonly rates?: QuoteRateLimits;
}

/** Most leaves of one batch: at this number a tree takes 10 ms, and a path has 10 hashes. */
export const MAX_LEAVES = 1_024;

/** What the quoter needs. */
export interface SessionQuoterOptions {
  /** Asks the platform. */
  readonly quote: (reportData: ReportData, signal: AbortSignal) => Promise<Uint8Array>;
  readonly identities: Pick<KnownIdentities, 'find'>;
  readonly limits: QuoteLimits;
  /** Workers there are. */
  readonly sources: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A quote was made, or was not. */
  readonly onQuote?: (mode: QuoteMode, outcome: QuoteOutcome) => void;
}

/** How the attempt to make a quote went. */
export interface QuoteOutcome {
  readonly made: boolean;
  readonly durationMs: number;
  /** That the quote was for. */
  readonly sessions: number;
}

/**
 * Gives out evidence for TLS sessions: many sessions under one quote, or one alone. It asks the platform for one quote at
 * a time, so that identities, which ask the same platform, wait for one at most; whatever arrives in the meantime is the
 * next batch. Batches and single sessions take turns.
 */
export class SessionQuoter {
  private readonly options: SessionQuoterOptions;
  private readonly waiting: Record<QuoteMode, FairQueue<EvidenceSource, PendingSession>> = {
    batch: new FairQueue(),
    challenge: new FairQueue(),
  };
  private readonly places: QuotePlaces;
  private readonly rates: QuoteRates | undefined;
  /** When the batch that is waiting may go. */
  private due = 0;
  private last: QuoteMode = 'challenge';
  private busy = false;
  private cancelTimer: () => void = () => undefined;

  constructor(options: SessionQuoterOptions) {
    this.options = options;
    const { limits, sources } = options;
    this.places = new QuotePlaces(limits, sources);
    this.rates = limits.rates === undefined ? undefined : new QuoteRates(limits.rates);
  }

  /** Sessions that wait for a quote to be started. */
  get queued(): Readonly<Record<QuoteMode, number>> {
    return { batch: this.waiting.batch.size, challenge: this.waiting.challenge.size };
  }

  /**
   * Takes a request; the answer goes to its source.
   *
   * @throws ProxyError ERR_PROXY_IPC_MESSAGE for a number that is in use: no sound worker sends that
   */
  request(source: EvidenceSource, request: EvidenceRequest): void {
    const { clock, identities, limits } = this.options;
    const now = clock.now();
    const { mode, ticket } = request;
    if (this.places.find(source, ticket) !== undefined) {
      throw new ProxyError('ERR_PROXY_IPC_MESSAGE', 'number of an evidence request is in use');
    }
    const identity = identities.find(request.identity, now);
    if (identity === undefined) {
      refuse(source, [ticket], 'ERR_PROXY_EVIDENCE_LEAF');
      return;
    }
    if (this.rates?.take(request.address, identity.hostname, now.getTime()) === false) {
      refuse(source, [ticket], 'ERR_PROXY_EVIDENCE_RATE');
      return;
    }
    const session = { source, request, identity };
    if (!this.places.enter(session)) {
      refuse(source, [ticket], 'ERR_PROXY_EVIDENCE_BUSY');
      return;
    }
    this.waiting[mode].push(source, session);
    if (mode === 'batch' && this.waiting.batch.size === 1) this.due = now.getTime() + limits.waitMs;
    this.schedule();
  }

  /** The client has gone: its place is free at once, unless a quote is being made for it. */
  cancel(source: EvidenceSource, ticket: number): void {
    const session = this.places.find(source, ticket);
    if (session === undefined) return;
    if (this.waiting[session.request.mode].remove(source, session)) this.places.leave(session);
  }

  /** The worker has gone. */
  forget(source: EvidenceSource): void {
    for (const ticket of this.places.tickets(source)) this.cancel(source, ticket);
  }

  /** Starts the next quote, or sees to it that it is started. */
  private schedule(): void {
    if (this.busy) return;
    this.cancelTimer();
    const { batch, challenge } = this.waiting;
    const pauseMs = batch.size >= MAX_LEAVES ? 0 : this.due - this.options.clock.now().getTime();
    const batchReady = batch.size > 0 && pauseMs <= 0;
    if (challenge.size > 0 && !(batchReady && this.last === 'challenge')) {
      this.start('challenge', challenge.take(1));
    } else if (batchReady) {
      this.start('batch', batch.take(MAX_LEAVES));
    } else if (batch.size > 0) {
      this.cancelTimer = this.options.clock.after(pauseMs, () => this.schedule());
    }
  }

  private start(mode: QuoteMode, sessions: readonly PendingSession[]): void {
    this.busy = true;
    this.last = mode;
    const { clock, onQuote } = this.options;
    const startedAt = clock.now().getTime();
    const ended = (made: boolean): void => {
      const durationMs = clock.now().getTime() - startedAt;
      onQuote?.(mode, { made, durationMs, sessions: sessions.length });
    };
    void this.quote(sessions, mode)
      .then(() => ended(true))
      .catch((error: unknown) => {
        ended(false);
        this.options.logger.error({ mode, sessions: sessions.length, err: error }, 'no quote');
        for (const [source, own] of bySource(sessions)) {
          const tickets = own.map(({ request: { ticket } }) => ticket);
          refuse(source, tickets, 'ERR_PROXY_EVIDENCE_QUOTE');
        }
      })
      .finally(() => {
        for (const session of sessions) this.places.leave(session);
        this.busy = false;
        this.schedule();
      });
  }

  private async quote(sessions: readonly PendingSession[], mode: QuoteMode): Promise<void> {
    const { clock, limits } = this.options;
    const [first] = sessions;
    if (first === undefined) return;
    const plan = mode === 'batch' ? planBatch(sessions, clock.now()) : planChallenge(first);
    const quoted = await this.inTime(plan.reportData, limits.timeoutMs);
    plan.answer(quoted);
  }

  /** A platform may hang in a system call that nothing interrupts; whoever waits is told all the same. */
  private async inTime(reportData: ReportData, timeoutMs: number): Promise<Uint8Array> {
    const { clock, quote } = this.options;
    const late = new AbortController();
    const passed = new Promise<never>((_resolve, reject) => {
      late.signal.addEventListener('abort', () => reject(asError(late.signal.reason)));
    });
    const cancel = clock.after(timeoutMs, () => {
      late.abort(new Error(`the platform made no quote within ${timeoutMs} ms`));
    });
    try {
      return await Promise.race([quote(reportData, late.signal), passed]);
    } finally {
      cancel();
    }
  }
}

function refuse(
  source: EvidenceSource,
  tickets: readonly number[],
  code: EvidenceRefusalCode,
): void {
  source.answer({ kind: 'evidence-refusal', tickets, code });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
