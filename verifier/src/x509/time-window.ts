// SPDX-License-Identifier: Apache-2.0
import { VerifierError, type VerifierErrorCode } from '../errors.ts';

/** A span of time in which something signed may be used, both ends included. */
export interface TimeWindow {
  /** What it is, for the message. */
  readonly what: string;
  readonly from: Date;
  readonly until: Date;
  readonly tooEarly: VerifierErrorCode;
  readonly tooLate: VerifierErrorCode;
}

/** A certificate's validity (RFC 5280, section 4.1.2.5). */
export function certificateWindow(
  certificate: { readonly notBefore: Date; readonly notAfter: Date },
  what: string,
): TimeWindow {
  return {
    what,
    from: certificate.notBefore,
    until: certificate.notAfter,
    tooEarly: 'ERR_CERT_NOT_YET_VALID',
    tooLate: 'ERR_CERT_EXPIRED',
  };
}

/**
 * Demands that `at` lies in every window.
 *
 * @throws VerifierError the window's own code
 */
export function checkWindows(windows: readonly TimeWindow[], at: Date): void {
  for (const window of windows) {
    if (at < window.from) {
      throw new VerifierError(window.tooEarly, `${window.what} is not valid yet`, {
        expected: `a time from ${window.from.toISOString()}`,
        seen: at.toISOString(),
        hint: 'check the clock of the machine that verifies',
      });
    }
    if (at > window.until) {
      throw new VerifierError(window.tooLate, `${window.what} is out of date`, {
        expected: `a time until ${window.until.toISOString()}`,
        seen: at.toISOString(),
        hint: 'get a current one, or check the clock of the machine that verifies',
      });
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
  throw new VerifierError('ERR_VERIFIER_ARGUMENT', 'at is not a valid time');
}
