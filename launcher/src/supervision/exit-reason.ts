// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';

/** Why a workload does not run any more. */
export type ExitReason =
  /** It ended by itself with this exit code. */
  | { readonly kind: 'exited'; readonly code: number }
  /** A signal ended it, ours or anybody's. */
  | { readonly kind: 'signalled'; readonly signal: string }
  /** The kernel ended it, or a part of it, because it wanted more memory than it may have. */
  | { readonly kind: 'oom'; readonly code: number | undefined }
  /** An adopted process is gone; its exit status went to the process that inherited it, not to us. */
  | { readonly kind: 'vanished' }
  /** It could not be started. `final` when trying again cannot help, because what would run was refused. */
  | {
      readonly kind: 'not-started';
      readonly code: string;
      readonly message: string;
      readonly final: boolean;
    }
  /** It did not become healthy within its readiness timeout and was stopped. */
  | { readonly kind: 'not-ready'; readonly afterMs: number };

/** What container engines and shells add to the number of a signal that ended a program. */
const SIGNAL_EXIT_BASE = 128;

/**
 * Puts an exit reason into words for logs and tables.
 *
 * @param reason - why the workload ended
 * @returns a phrase such as `exited with code 3`
 */
export function describeExit(reason: ExitReason): string {
  switch (reason.kind) {
    case 'exited':
      return `exited with code ${describeCode(reason.code)}`;
    case 'signalled':
      return `ended by ${reason.signal}`;
    case 'oom':
      return reason.code === undefined
        ? 'ran out of memory'
        : `ran out of memory, exited with code ${describeCode(reason.code)}`;
    case 'vanished':
      return 'ended while adopted, exit status unknown';
    case 'not-started':
      return `not started: ${reason.message}`;
    case 'not-ready':
      return `not ready after ${String(reason.afterMs)} ms`;
  }
}

/** A program may choose a code above 128 by itself, so the name of the signal is a hint and no more. */
function describeCode(code: number): string {
  const signal = Object.entries(constants.signals).find(
    ([, number]) => number === code - SIGNAL_EXIT_BASE,
  );
  return signal === undefined ? String(code) : `${String(code)} (${signal[0]})`;
}
