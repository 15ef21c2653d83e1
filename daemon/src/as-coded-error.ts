// SPDX-License-Identifier: Apache-2.0
import { CodedError } from '@proofgate/evidence';

/** The error, if it is one that a package of ours throws on purpose. */
export function asCodedError(error: unknown): CodedError | undefined {
  // The class is generic over its codes, which `instanceof` cannot know; any code is a string.
  return error instanceof CodedError ? (error as CodedError) : undefined;
}
