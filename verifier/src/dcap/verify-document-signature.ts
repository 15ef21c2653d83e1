// SPDX-License-Identifier: Apache-2.0
import { EvidenceError, fromHex, utf8 } from '@proofgate/evidence';
import { ecdsaHolds } from '../crypto/ecdsa.ts';
import { VerifierError } from '../errors.ts';
import type { Issuer } from '../x509/issued-by.ts';

/**
 * Verifies the signature on TCB info or QE identity, over the bytes as served: writing the JSON again would change
 * them.
 *
 * @param text the inner object exactly as it came
 * @param signatureHex r ‖ s in hex
 * @throws VerifierError `ERR_DCAP_COLLATERAL_SIGNATURE`
 */
export async function verifyDocumentSignature(
  text: string,
  signatureHex: string,
  signer: Issuer,
  what: string,
): Promise<void> {
  if (signer.key.kind === 'ecdsa') {
    const signature = decodeSignature(signatureHex);
    if (await ecdsaHolds(signer.key, 'SHA-256', signature, utf8(text))) return;
  }
  throw new VerifierError(
    'ERR_DCAP_COLLATERAL_SIGNATURE',
    `${what} is not signed by ${signer.what}`,
  );
}

// Text that is not hex is no signature; the empty one fails verification.
function decodeSignature(hex: string): Uint8Array {
  try {
    return fromHex(hex);
  } catch (error) {
    if (error instanceof EvidenceError) return new Uint8Array();
    throw error;
  }
}
