// SPDX-License-Identifier: Apache-2.0
import type { Quote } from '@proofgate/evidence';
import { demandSignature, type EcdsaKey } from '../crypto/ecdsa.ts';

/**
 * Verifies the quote's own signature.
 *
 * @param key the attestation key in the quote; whether the QE vouches for it is checked apart
 * @throws VerifierError `ERR_DCAP_QUOTE_SIGNATURE`
 */
export async function verifyQuoteSignature(quote: Quote, key: EcdsaKey): Promise<void> {
  // Intel DCAP library, step 4.1.2.5.17.
  return demandSignature(
    'ERR_DCAP_QUOTE_SIGNATURE',
    'the quote',
    'its attestation key',
    key,
    quote.signature.signature,
    quote.signedRegion,
  );
}
