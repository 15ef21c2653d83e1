// SPDX-License-Identifier: Apache-2.0
import { CodedError } from '@proofgate/evidence';

/**
 * Runs something that should refuse, and returns the code of the refusal.
 *
 * Anything but an error of ours goes through, and so fails the test with its own message.
 */
export async function refusal(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (error instanceof CodedError) return String(error.code);
    throw error;
  }
  return 'accepted';
}
