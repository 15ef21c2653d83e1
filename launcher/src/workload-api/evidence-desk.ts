// SPDX-License-Identifier: Apache-2.0
import type { Platform, QuoteProvider } from '@proofgate/attester';
import {
  digestRuntimeEvent,
  EMPTY_REGISTER,
  equalBytes,
  extendRegister,
  parseQuote,
  workloadReportData,
  type RuntimeEvent,
  type WorkloadEvidence,
  type WorkloadStatement,
} from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';
import { pause } from '../supervision/pause.ts';

/** Quotes that a workload may ask for at once after a time of silence: one for each of a few peers. */
export const EVIDENCE_BURST = 8;
/** And one more in this time. Hardware makes about one a second, for the whole VM. */
export const EVIDENCE_REFILL_MS = 2_000;
/** Requests of one workload that wait or are being answered: it cannot keep the others from their turn. */
export const MAX_EVIDENCE_PER_WORKLOAD = 2;
/** Of all workloads. Whoever comes after that would wait for half a minute on hardware. */
export const MAX_EVIDENCE_REQUESTS = 32;
/** From the question to the answer, with the wait for its turn. */
export const EVIDENCE_DEADLINE_MS = 60_000;

/** The event log is on disk, and visible, this long after the register at most; writing it takes milliseconds. */
export const LOG_SETTLES_MS = 2_000;
/** How often the log is looked at meanwhile. */
const LOG_POLL_MS = 20;

/** What makes evidence. */
export interface EvidenceDeskOptions {
  /** The platform. Without quotes, no workload gets evidence. */
  readonly platform: Pick<Platform, 'tee' | 'simulated'> & {
    readonly quotes?: QuoteProvider | undefined;
    readonly collateral?: Platform['collateral'] | undefined;
  };
  /** The runtime event log as it is now. */
  readonly eventLog: () => readonly RuntimeEvent[];
  /** {@link EVIDENCE_REFILL_MS} unless told. */
  readonly refillMs?: number;
  /** {@link LOG_SETTLES_MS} unless told. */
  readonly logSettlesMs?: number;
}

/** Where one workload asks for evidence. */
export interface EvidenceWindow {
  /**
   * Has evidence made over data of the workload.
   *
   * @param signal - gives up
   * @throws LauncherError ERR_LAUNCHER_EVIDENCE_BUSY, ERR_LAUNCHER_EVIDENCE_UNAVAILABLE; EvidenceError
   *   ERR_REPORT_DATA_INPUT; AttesterError
   */
  ask(data: Uint8Array, signal: AbortSignal): Promise<WorkloadEvidence>;
}

/**
 * Makes evidence for workloads, under a purpose of its own and one at a time: what the VM itself needs is never behind
 * more than one quote of a workload.
 */
export class EvidenceDesk {
  readonly #options: EvidenceDeskOptions;
  /** Settles when it is the next one's turn. */
  #last: Promise<unknown> = Promise.resolve();
  #open = 0;

  constructor(options: EvidenceDeskOptions) {
    this.#options = options;
  }

  /**
   * Opens a window for a workload. What it asks for is made out to this name and this image, whatever it says.
   *
   * @param workload - who asks
   * @returns the window
   */
  window(workload: Omit<WorkloadStatement, 'data'>): EvidenceWindow {
    const { refillMs = EVIDENCE_REFILL_MS } = this.#options;
    let tokens = EVIDENCE_BURST;
    let countedAt = performance.now();
    let open = 0;
    const admit = (): void => {
      const now = performance.now();
      tokens = Math.min(EVIDENCE_BURST, tokens + (now - countedAt) / refillMs);
      countedAt = now;
      if (open >= MAX_EVIDENCE_PER_WORKLOAD) {
        throw busy('this workload asks for too much at once', MAX_EVIDENCE_PER_WORKLOAD);
      }
      if (tokens < 1) throw busy('this workload asks too often', EVIDENCE_BURST);
      if (this.#open >= MAX_EVIDENCE_REQUESTS) {
        throw busy('the workloads ask for too much at once', MAX_EVIDENCE_REQUESTS);
      }
      tokens -= 1;
    };
    return {
      ask: async (data, signal) => {
        const quotes = this.#quotes();
        const statement = { ...workload, data: Uint8Array.from(data) };
        const reportData = workloadReportData(statement);
        admit();
        open += 1;
        this.#open += 1;
        try {
          return await withinDeadline(signal, async (limit) => {
            const quote = await this.#inTurn(() => quotes.quote(reportData, limit), limit);
            return this.#explain(statement, quote, limit);
          });
        } finally {
          open -= 1;
          this.#open -= 1;
        }
      },
    };
  }

  #quotes(): QuoteProvider {
    const { tee, quotes } = this.#options.platform;
    if (quotes !== undefined && tee === 'tdx') return quotes;
    throw new LauncherError(
      'ERR_LAUNCHER_EVIDENCE_UNAVAILABLE',
      'this platform makes no evidence that names a workload',
      { expected: 'a TD, which measures the event log', seen: tee },
    );
  }

  async #inTurn<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const mine = this.#last.then(() => {
      // Whoever has left in the meantime costs no quote.
      signal.throwIfAborted();
      return task();
    });
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #explain(
    { name, imageDigest, data }: WorkloadStatement,
    quote: Uint8Array,
    signal: AbortSignal,
  ): Promise<WorkloadEvidence> {
    const { simulated, collateral } = this.#options.platform;
    const bundle = await collateral?.();
    return {
      version: 1,
      tee: 'tdx',
      simulated,
      workload: { name, imageDigest },
      data,
      quote,
      eventLog: await this.#logOf(quote, signal),
      ...(bundle === undefined ? {} : { collateral: bundle }),
    };
  }

  /** The log as it was when the quote was made. The register runs ahead of the log by one event, for a moment. */
  async #logOf(quote: Uint8Array, signal: AbortSignal): Promise<readonly RuntimeEvent[]> {
    const parsed = parseQuote(quote);
    const rtmr3 = parsed.kind === 'tdx' ? parsed.body.rtmr[3] : EMPTY_REGISTER;
    const end = performance.now() + (this.#options.logSettlesMs ?? LOG_SETTLES_MS);
    while (performance.now() < end) {
      signal.throwIfAborted();
      const found = replayingTo(this.#options.eventLog(), rtmr3);
      if (found !== undefined) return found;
      await pause(LOG_POLL_MS, signal);
    }
    throw new LauncherError(
      'ERR_LAUNCHER_EVIDENCE_UNAVAILABLE',
      'the event log does not explain RTMR3 of the quote',
      { hint: 'ask again; something else extends RTMR3 if that does not help' },
    );
  }
}

/** The beginning of a log that replays to a register; the whole of it, most of the time. */
function replayingTo(
  log: readonly RuntimeEvent[],
  rtmr3: Uint8Array,
): readonly RuntimeEvent[] | undefined {
  let register: Uint8Array = EMPTY_REGISTER;
  if (equalBytes(register, rtmr3)) return [];
  for (const [index, event] of log.entries()) {
    register = extendRegister(register, digestRuntimeEvent(event));
    if (equalBytes(register, rtmr3)) return log.slice(0, index + 1);
  }
  return undefined;
}

/** Does not wait for a task that has been told to give up: it may be behind others in the queue. */
async function withinDeadline<T>(
  signal: AbortSignal,
  task: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const late = new LauncherError(
    'ERR_LAUNCHER_EVIDENCE_UNAVAILABLE',
    `there was no evidence within ${String(EVIDENCE_DEADLINE_MS)} ms`,
    { hint: 'ask again later; the platform makes one quote at a time' },
  );
  const gone = (): void => {
    limit.abort(signal.reason);
  };
  const timer = setTimeout(() => {
    limit.abort(late);
  }, EVIDENCE_DEADLINE_MS);
  signal.addEventListener('abort', gone, { once: true });
  try {
    const over = new Promise<never>((_, reject) => {
      limit.signal.addEventListener('abort', () => {
        reject(limit.signal.reason instanceof Error ? limit.signal.reason : late);
      });
    });
    return await Promise.race([task(limit.signal), over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', gone);
  }
}

function busy(message: string, most: number): LauncherError {
  return new LauncherError('ERR_LAUNCHER_EVIDENCE_BUSY', message, {
    expected: `at most ${String(most)}`,
    hint: 'wait and ask again; one quote can cover a digest of many things',
  });
}
