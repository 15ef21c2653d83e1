// SPDX-License-Identifier: Apache-2.0

/** Why a workload does not run any more. */
export type ExitReason =
  /** It ended by itself with this exit code. */
  | { readonly kind: 'exited'; readonly code: number }
  /** A signal ended it, ours or anybody's. */
  | { readonly kind: 'signalled'; readonly signal: string }
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

/**
 * Puts an exit reason into words for logs and tables.
 *
 * @param reason - why the workload ended
 * @returns a phrase such as `exited with code 3`
 */
export function describeExit(reason: ExitReason): string {
  switch (reason.kind) {
    case 'exited':
      return `exited with code ${String(reason.code)}`;
    case 'signalled':
      return `ended by ${reason.signal}`;
    case 'vanished':
      return 'ended while adopted, exit status unknown';
    case 'not-started':
      return `not started: ${reason.message}`;
    case 'not-ready':
      return `not ready after ${String(reason.afterMs)} ms`;
  }
}
