// SPDX-License-Identifier: Apache-2.0
import { asReportData, equalBytes, toHex, type ReportData } from '@proofgate/evidence';
import { AttesterError } from './errors.ts';
import { SerialQueue, type QueueLimits } from './serial-queue.ts';

/** Makes evidence: a quote (TDX) or an attestation report (SEV-SNP) over 64 bytes of report data. */
export interface QuoteProvider {
  readonly tee: 'tdx' | 'sev-snp';
  /** True when a software platform signs: nothing about hardware is proved. */
  readonly simulated: boolean;
  /**
   * Makes one quote. One is made at a time; a real platform needs about a second for each, so quotes are made for
   * certificates and batches, never for a connection.
   *
   * @param reportData - the 64 bytes that the quote shall cover
   * @param signal - gives up waiting
   * @returns the quote without trailing padding; its REPORTDATA has been compared with `reportData`
   * @throws AttesterError
   */
  quote(reportData: ReportData, signal?: AbortSignal): Promise<Uint8Array>;
}

/** Options that every provider takes. */
export interface QuoteProviderOptions {
  /** @defaultValue {@link QUOTE_QUEUE_LIMITS} */
  readonly queue?: QueueLimits;
}

/**
 * A caller that has 16 others before it waits some 16 s on hardware, which is as long as a caller can use. The
 * deadline leaves the kernel its own 30 s for one quote, and the same again for waiting.
 */
export const QUOTE_QUEUE_LIMITS: QueueLimits = { maxWaiting: 16, deadlineMs: 60_000 };

/**
 * Refuses evidence that covers other report data than was asked for. Everything before this check can be raced or
 * confused; this comparison cannot.
 *
 * @param seen - the report data inside the evidence
 * @param expected - what was asked for
 * @throws AttesterError `ERR_ATTESTER_REPORT_DATA_MISMATCH`
 */
export function requireReportData(seen: Uint8Array, expected: ReportData): void {
  if (equalBytes(seen, expected)) return;
  throw new AttesterError(
    'ERR_ATTESTER_REPORT_DATA_MISMATCH',
    'the platform returned evidence for other report data',
    { expected: toHex(expected), seen: toHex(seen) },
  );
}

/**
 * Puts one queue in front of a function that makes evidence.
 *
 * @param make - makes and checks one piece of evidence
 * @param options - the queue's limits
 * @returns the same function, one call at a time
 */
export function serialised<T>(
  make: (reportData: ReportData, signal: AbortSignal) => Promise<T>,
  options: QuoteProviderOptions,
): (reportData: ReportData, signal?: AbortSignal) => Promise<T> {
  const queue = new SerialQueue(options.queue ?? QUOTE_QUEUE_LIMITS);
  return async (reportData, signal) => {
    // Copied before the wait, so that nobody can change it during the wait.
    const wanted = asReportData(reportData);
    return queue.run((cancel) => make(wanted, cancel), signal);
  };
}
