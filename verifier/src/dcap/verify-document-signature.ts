// SPDX-License-Identifier: Apache-2.0
import { readHex, utf8 } from '@proofgate/evidence';
import { demandSignature } from '../crypto/ecdsa.ts';
import type { DcapIssuer } from './dcap-issuer.ts';

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
  signer: DcapIssuer,
  what: string,
): Promise<void> {
  // Text that is not hex is no signature; the empty one fails verification.
  const signature = readHex(signatureHex) ?? new Uint8Array();
  const code = 'ERR_DCAP_COLLATERAL_SIGNATURE';
  return demandSignature(code, what, signer.what, signer.key, signature, utf8(text));
}
