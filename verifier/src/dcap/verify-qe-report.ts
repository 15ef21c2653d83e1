// SPDX-License-Identifier: Apache-2.0
import { concatBytes, equalBytes, isAllZero, type Quote } from '@proofgate/evidence';
import { ecdsaHolds } from '../crypto/ecdsa.ts';
import { sha256 } from '../crypto/sha256.ts';
import { VerifierError } from '../errors.ts';
import type { PublicKey } from '../x509/public-key.ts';

type SignatureData = Quote['signature'];

/**
 * Verifies that the PCK signed the quoting enclave's report.
 *
 * @throws VerifierError `ERR_DCAP_QE_SIGNATURE`
 */
export async function verifyQeReport(data: SignatureData, pck: PublicKey): Promise<void> {
  // Intel DCAP library, step 4.1.2.5.13.
  if (pck.kind === 'ecdsa') {
    if (await ecdsaHolds(pck, 'SHA-256', data.qeReportSignature, data.qeReportBytes)) return;
  }
  throw new VerifierError('ERR_DCAP_QE_SIGNATURE', 'the QE report is not signed by the PCK');
}

/**
 * Demands that the quoting enclave's report covers the key that signs the quote.
 *
 * @throws VerifierError `ERR_DCAP_QE_BINDING`
 */
export async function checkAttestationKey(data: SignatureData): Promise<void> {
  // Intel DCAP library, step 4.1.2.5.14. The library ignores the second half; the quoting enclave leaves it zero.
  const hash = await sha256(concatBytes(data.attestationKey, data.qeAuthData));
  const { reportData } = data.qeReport;
  if (equalBytes(reportData.subarray(0, 32), hash) && isAllZero(reportData.subarray(32))) return;
  throw new VerifierError('ERR_DCAP_QE_BINDING', 'the QE report covers another attestation key');
}
