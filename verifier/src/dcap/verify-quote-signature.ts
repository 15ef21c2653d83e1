// SPDX-License-Identifier: Apache-2.0
import type { Quote } from '@proofgate/evidence';
import { ecdsaHolds, type EcdsaKey } from '../crypto/ecdsa.ts';
import { VerifierError } from '../errors.ts';

/**
 * Verifies the quote's own signature.
 *
 * @param key the attestation key in the quote; whether the QE vouches for it is checked apart
 * @throws VerifierError `ERR_DCAP_QUOTE_SIGNATURE`
 */
export async function verifyQuoteSignature(quote: Quote, key: EcdsaKey): Promise<void> {
  // Intel DCAP library, step 4.1.2.5.17.
  if (await ecdsaHolds(key, 'SHA-256', quote.signature.signature, quote.signedRegion)) return;
  throw new VerifierError('ERR_DCAP_QUOTE_SIGNATURE', 'the quote’s signature is wrong', {
    hint: 'the quote was changed after it was made, or was not made by this key',
  });
}
