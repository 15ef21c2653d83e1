// SPDX-License-Identifier: Apache-2.0
import { type RejectionCode, VerifierError } from '../errors.ts';

/**
 * Waits until a key has been imported.
 *
 * @param what it is or has, for the message
 * @throws VerifierError `code` when WebCrypto refuses the key
 */
export async function usableKey<Key>(
  imported: Promise<Key>,
  code: RejectionCode,
  what: string,
): Promise<Key> {
  try {
    return await imported;
  } catch (cause) {
    if (cause instanceof VerifierError) throw cause;
    throw new VerifierError(code, `${what}: unusable key`, { cause });
  }
}
