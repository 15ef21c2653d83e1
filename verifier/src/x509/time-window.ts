// SPDX-License-Identifier: Apache-2.0
import { refuse, type RejectionCode, VerifierError } from '../errors.ts';

/** A span of time in which something signed may be used, both ends included. */
export interface TimeWindow {
  /** What it is, for the message. */
  readonly what: string;
  readonly from: Date;
  readonly until: Date;
  readonly tooEarly: RejectionCode;
  readonly tooLate: RejectionCode;
}

/** Puts a window together. */
export function timeWindow(
  what: string,
  from: Date,
  until: Date,
  tooEarly: RejectionCode,
  tooLate: RejectionCode,
): TimeWindow {
  return { what, from, until, tooEarly, tooLate };
}

/** A certificate's validity (RFC 5280, section 4.1.2.5). */
export function certificateWindow(
  { notBefore, notAfter }: { readonly notBefore: Date; readonly notAfter: Date },
  what: string,
): TimeWindow {
  return timeWindow(what, notBefore, notAfter, 'ERR_CERT_NOT_YET_VALID', 'ERR_CERT_EXPIRED');
}

/**
 * Demands that `at` lies in every window.
 *
 * @throws VerifierError the window's own code
 */
export function checkWindows(windows: readonly TimeWindow[], at: Date): void {
  for (const { what, from, until, tooEarly, tooLate } of windows) {
    const early = at < from;
    if (early || at > until) {
      refuse(
        early ? tooEarly : tooLate,
        what,
        `${from.toISOString()} to ${until.toISOString()}`,
        at.toISOString(),
        'get a current one, or check the clock',
      );
    }
  }
}

/**
 * Demands a usable time of verification.
 *
 * @throws VerifierError `ERR_VERIFIER_ARGUMENT`: an invalid date compares as neither early nor late
 */
export function checkedTime(at: Date): Date {
  if (at instanceof Date && !Number.isNaN(at.getTime())) return new Date(at);
  throw new VerifierError('ERR_VERIFIER_ARGUMENT', 'at is not a valid time', {}, 'misuse');
}
