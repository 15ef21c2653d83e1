// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '@proofgate/evidence';

/**
 * Runs something that should refuse, and returns the code of the refusal.
 *
 * Anything but an {@link EvidenceError} goes through, and so fails the test with its own message.
 */
export function refusal(run: () => unknown): string {
  return refusalError(run)?.code ?? 'accepted';
}

/** The same with the whole error, for refusals that have one code and several reasons. */
export function refusalError(run: () => unknown): EvidenceError | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof EvidenceError) return error;
    throw error;
  }
  return undefined;
}
